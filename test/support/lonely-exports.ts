import { posix } from 'node:path';
import ts from 'typescript';
import type { Tree } from './architecture.js';

/** Who imports what: the names by the files that import them, by the file that they come from. */
type Imports = Map<string, Map<string, Set<string>>>;

/** Every name of a file, where it is imported as a whole. */
const ALL = '*';

/** What the generated pages ask of the options, by its name. */
const DECLARED = /\['(options\/[\w-]+)', (?:'\w+', )?'([A-Z_]+)'/g;

/** What stands in for a server is there for tests, and options also for their page. */
const FOR_OTHERS = /^lib\/(testing|options)\//;

/**
 * Functions, constants and classes that a file of `lib/` exports and no other imports or passes on. Types go with what uses
 * them.
 *
 * @param forTests what nothing but tests and scripts imports, and may: `path name`.
 * @returns a sentence for each; also for each of `forTests` that is used elsewhere, or by nobody.
 */
export function lonelyExports(texts: Tree, forTests: ReadonlySet<string> = new Set()): string[] {
  const imports = importsOf(texts);
  const kept = new Set<string>();
  const found = [...texts]
    .filter(([path]) => path.startsWith('lib/'))
    .flatMap(([path, source]) =>
      exportedBy(path, source).flatMap((name) => {
        const users = [name, ALL].flatMap((word) => [...(imports.get(path)?.get(word) ?? [])]);
        if (users.length === 0) return [`${path} exports ${name}, which nobody imports`];
        if (users.some((user) => user.startsWith('lib/')) || FOR_OTHERS.test(path)) return [];
        kept.add(`${path} ${name}`);
        return forTests.has(`${path} ${name}`) ? [] : [`${path} exports ${name} for ${users[0]} alone`];
      }),
    );
  return [
    ...found,
    ...[...forTests].filter((it) => !kept.has(it)).map((it) => `${it} is not for tests alone`),
  ];
}

function exportedBy(path: string, source: string): string[] {
  return parsed(path, source)
    .statements.filter(
      (statement): statement is ts.VariableStatement | ts.FunctionDeclaration | ts.ClassDeclaration =>
        (ts.isVariableStatement(statement) ||
          ts.isFunctionDeclaration(statement) ||
          ts.isClassDeclaration(statement)) &&
        statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true,
    )
    .flatMap((statement) =>
      ts.isVariableStatement(statement)
        ? statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
        : [statement.name!.text],
    );
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

function importsOf(texts: Tree): Imports {
  const imports: Imports = new Map();
  for (const [path, source] of texts) {
    const note = (specifier: string, names: readonly string[]): void => {
      if (!specifier.startsWith('.')) return;
      // Scripts take what was built.
      const target = posix.join(posix.dirname(path), specifier).replace(/^dist\//, 'lib/');
      const file = texts.has(target) ? target : target.replace(/\.js$/, '.ts');
      if (file === path) return;
      const users = imports.get(file) ?? new Map<string, Set<string>>();
      imports.set(file, users);
      for (const name of names) users.set(name, (users.get(name) ?? new Set()).add(path));
    };
    const visit = (node: ts.Node): void => {
      const imported = importedBy(node);
      if (imported !== undefined) note(...imported);
      ts.forEachChild(node, visit);
    };
    visit(parsed(path, source));
    for (const [, file, name] of source.matchAll(DECLARED)) {
      note(posix.relative(posix.dirname(path), `lib/${file}.js`), [name]);
    }
  }
  return imports;
}

function importedBy(node: ts.Node): [specifier: string, names: readonly string[]] | undefined {
  if (ts.isImportDeclaration(node)) {
    const names = node.importClause?.namedBindings;
    return [textOf(node.moduleSpecifier), names && ts.isNamedImports(names) ? originals(names) : [ALL]];
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const names = node.exportClause;
    return [textOf(node.moduleSpecifier), names && ts.isNamedExports(names) ? originals(names) : [ALL]];
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return [textOf(node.arguments[0]), [ALL]];
  }
  return undefined;
}

function originals({ elements }: ts.NamedImports | ts.NamedExports): string[] {
  return [...elements].map(({ name, propertyName }) => (propertyName ?? name).text);
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : '';
}

function parsed(path: string, source: string): ts.SourceFile {
  return ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, false);
}
