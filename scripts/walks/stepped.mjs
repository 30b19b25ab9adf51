import ts from 'typescript';

const OPTIONS = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  useDefineForClassFields: false,
  verbatimModuleSyntax: true,
};

/**
 * A file as JavaScript in which every function that is entered says so: `globalThis.step(file, name)`.
 *
 * @param {string} file what the steps call it.
 * @param {string} source TypeScript.
 */
export function stepped(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true);
  /** @type {[at: number, text: string][]} */
  const additions = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      const step = `globalThis.step(${JSON.stringify(file)}, ${JSON.stringify(nameOf(node, tree))})`;
      if (ts.isBlock(node.body)) {
        additions.push([beginningOf(node.body, tree), ` ${step};`]);
      } else {
        additions.push([node.body.getStart(tree), `(${step}, `], [node.body.getEnd(), ')']);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  let text = source;
  for (const [at, added] of additions.toSorted(([one], [other]) => other - one)) {
    text = text.slice(0, at) + added + text.slice(at);
  }
  return ts.transpileModule(text, { fileName: file, compilerOptions: OPTIONS }).outputText;
}

/** Where a body's own statements begin: behind the call of the parent's constructor, if there is one. */
function beginningOf(body, tree) {
  const parent = body.statements.find(
    (statement) =>
      ts.isExpressionStatement(statement) &&
      ts.isCallExpression(statement.expression) &&
      statement.expression.expression.kind === ts.SyntaxKind.SuperKeyword,
  );
  return parent === undefined ? body.getStart(tree) + 1 : parent.getEnd();
}

/** What a function is called, or what it is given to. */
function nameOf(node, tree) {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const named = node.name ?? node.parent?.name;
  const line = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  return named === undefined ? `line ${line}` : named.getText(tree);
}
