import ts from 'typescript';

/** One place where a file names another module, by whatever syntax. */
export interface Import {
  /** `undefined` when it is computed at run time, so that nobody can tell what it names. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** What a source says about modules, read with TypeScript's own parser. */
export interface ModuleOutline {
  /** In the order of the source; types count like values. */
  readonly imports: readonly Import[];
  /** Lines of `export * from` and `export * as name from`. */
  readonly wildcardExports: readonly number[];
  /** Whether every statement passes on what another module declares. */
  readonly isBarrel: boolean;
  /** Names declared by `let` or `var` at the top level. */
  readonly mutableState: readonly string[];
}

/**
 * Reads what a source imports and how it exports.
 *
 * Counted are `import` and `export … from` (with or without `type`), `import x = require()`, `import()`,
 * `require()` and types written as `import('…').Name`.
 */
export function outline(path: string, source: string): ModuleOutline {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, false);
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const named = namedModule(node);
    if (named !== undefined) imports.push({ specifier: text(named.module), line: lineOf(file, node) });
    ts.forEachChild(node, visit);
  };
  visit(file);

  const reexports = file.statements.filter(isReexport);
  return {
    imports,
    wildcardExports: reexports
      .filter(({ exportClause }) => exportClause === undefined || ts.isNamespaceExport(exportClause))
      .map((statement) => lineOf(file, statement)),
    isBarrel: reexports.length > 0 && reexports.length === file.statements.length,
    mutableState: file.statements
      .filter((statement) => ts.isVariableStatement(statement))
      .filter(({ declarationList }) => (declarationList.flags & ts.NodeFlags.Const) === 0)
      .flatMap(({ declarationList }) => declarationList.declarations.map(({ name }) => name.getText(file))),
  };
}

function namedModule(node: ts.Node): { module: ts.Node | undefined } | undefined {
  if (ts.isImportDeclaration(node)) return { module: node.moduleSpecifier };
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier && { module: node.moduleSpecifier };
  if (ts.isExternalModuleReference(node)) return { module: node.expression };
  if (ts.isImportTypeNode(node)) return { module: node.argument };
  if (ts.isCallExpression(node) && (isImportKeyword(node.expression) || isRequire(node.expression))) {
    return { module: node.arguments[0] };
  }
  return undefined;
}

function isReexport(statement: ts.Statement): statement is ts.ExportDeclaration {
  return ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
}

function isImportKeyword(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.ImportKeyword;
}

function isRequire(node: ts.Node): boolean {
  return ts.isIdentifier(node) && node.text === 'require';
}

function text(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isLiteralTypeNode(node)) return text(node.literal);
  return ts.isStringLiteralLike(node) ? node.text : undefined;
}

function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}
