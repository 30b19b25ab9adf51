import ts from 'typescript';

/** What test runners put their own in the place of. */
const TIMED = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'performance',
]);
/** What they change themselves, so that an import of it is theirs as well: of the last, `performance` alone. */
const TIMED_MODULES = new Set(['node:timers', 'node:timers/promises', 'node:perf_hooks']);
const TIMED_MEMBERS = new Set(['Date.now', 'process.nextTick', 'process.hrtime']);

/**
 * Finds the globals of time that a source reads while it runs, and where it imports them from Node. Its own is what it imports
 * of this package, and what a constant of the module keeps from the beginning.
 *
 * @returns one sentence for each.
 */
export function replacedGlobals(path: string, source: string): string[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, true);
  const imported = new Set<string>();
  const found: string[] = [];
  const tell = (node: ts.Node, name: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    found.push(
      `${path}:${line + 1} reads ${name} at run time; import it from lib/timers.ts, or keep it as the module is imported`,
    );
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportSpecifier(node)) {
      const name = (node.propertyName ?? node.name).text;
      const from = (node.parent.parent.parent.moduleSpecifier as ts.StringLiteral).text;
      if (TIMED_MODULES.has(from) && TIMED.has(name)) tell(node, name);
      imported.add(node.name.text);
      return;
    }
    const member = ts.isPropertyAccessExpression(node) ? node.getText(file).replace(/^globalThis\./, '') : '';
    if ((TIMED_MEMBERS.has(member) || TIMED.has(member)) && !isKept(node)) tell(node, member);
    if (ts.isIdentifier(node) && TIMED.has(node.text) && !imported.has(node.text) && isReference(node)) {
      if (!isKept(node)) tell(node, node.text);
    }
    const makesNow = ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0;
    if (makesNow && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
      tell(node, 'new Date()');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Whether an identifier stands for a variable, and is no name of a member. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  const declares = ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent);
  return !(declares && parent.name === node) && !ts.isQualifiedName(parent);
}

/** Whether it is what a constant at the top level of the module is made of. */
function isKept(node: ts.Node): boolean {
  const { parent } = node;
  return (
    ts.isVariableDeclaration(parent) &&
    parent.initializer === node &&
    ts.isSourceFile(parent.parent.parent.parent)
  );
}
