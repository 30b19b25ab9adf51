import ts from 'typescript';

const { SyntaxKind: Kind } = ts;

/** What each operator is exchanged for. */
const OPERATORS = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '&&': '||',
  '||': '&&',
  '??': '&&',
};

/**
 * The small changes that can be made to a file: operators, conditions, literals, and statements that are left out.
 *
 * @returns {{ file: string, start: number, end: number, text: string, line: number, said: string }[]} what stands from
 *   `start` to `end` becomes `text`.
 */
export function mutationsOf(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true);
  const found = [];
  const change = (node, text) => {
    const [start, end] = [node.getStart(tree), node.getEnd()];
    const line = tree.getLineAndCharacterOfPosition(start).line + 1;
    const was = source.slice(start, end).replaceAll(/\s+/g, ' ').slice(0, 60);
    found.push({
      file,
      start,
      end,
      text,
      line,
      said: `${was} → ${text === '' ? 'nothing' : text.slice(0, 60)}`,
    });
  };
  const visit = (node) => {
    // Types are gone when the tests run.
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const other = OPERATORS[node.operatorToken.getText(tree)];
      if (other !== undefined && !joinsText(node)) change(node.operatorToken, other);
    }
    if (ts.isIfStatement(node)) change(node.expression, `!(${node.expression.getText(tree)})`);
    if (ts.isConditionalExpression(node)) change(node.condition, `!(${node.condition.getText(tree)})`);
    if (ts.isNumericLiteral(node)) change(node, String(Number(node.text.replaceAll('_', '')) + 1));
    if (node.kind === Kind.TrueKeyword) change(node, 'false');
    if (node.kind === Kind.FalseKeyword) change(node, 'true');
    if (ts.isExpressionStatement(node) && !isSuper(node.expression)) change(node, ';');
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** A minus between texts is not what anybody writes by mistake. */
function joinsText(node) {
  return [node.left, node.right].some(
    (side) =>
      ts.isStringLiteralLike(side) ||
      ts.isTemplateExpression(side) ||
      (ts.isBinaryExpression(side) && joinsText(side)),
  );
}

function isSuper(expression) {
  return ts.isCallExpression(expression) && expression.expression.kind === Kind.SuperKeyword;
}
