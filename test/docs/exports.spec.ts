import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, jest } from '@jest/globals';
import ts from 'typescript';

// The compiler takes its time on a machine that does much else.
jest.setTimeout(120_000);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  exports: Record<string, string | { default: string }>;
};

/** The sources of what package.json exports. */
const ENTRIES = Object.values(manifest.exports).flatMap((entry) =>
  typeof entry === 'string' ? [] : [ROOT + entry.default.replace('./dist/', 'lib/').replace(/js$/, 'ts')],
);

function program(): ts.Program {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.build.json`, (path) => ts.sys.readFile(path));
  return ts.createProgram(ENTRIES, ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options);
}

/** Whether something is said of it, beside what its parameters are. */
function isDocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const tags = symbol.getJsDocTags(checker).filter(({ name }) => name !== 'param');
  return symbol.getDocumentationComment(checker).length + tags.length > 0;
}

/** The methods that users see of a class or an interface, those of its static side included. */
function methodsOf(symbol: ts.Symbol): ts.Symbol[] {
  if ((symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) === 0) return [];
  const members = [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])];
  return members.filter((member) => {
    const [declaration] = member.getDeclarations() ?? [];
    if (declaration === undefined || (member.flags & ts.SymbolFlags.Method) === 0) return false;
    const modifiers = ts.getCombinedModifierFlags(declaration);
    const isPrivate = ts.isPrivateIdentifier((declaration as ts.MethodDeclaration).name);
    return !isPrivate && (modifiers & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0;
  });
}

it('has a docstring on every export, and on every method of a class or an interface', () => {
  const sources = program();
  const checker = sources.getTypeChecker();
  const undocumented: string[] = [];
  let seen = 0;
  for (const file of ENTRIES) {
    const module = checker.getSymbolAtLocation(sources.getSourceFile(file)!)!;
    for (const exported of checker.getExportsOfModule(module)) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
      seen += 1;
      if (!isDocumented(symbol, checker)) undocumented.push(exported.name);
      for (const method of methodsOf(symbol)) {
        if (!isDocumented(method, checker)) undocumented.push(`${exported.name}.${method.name}`);
      }
    }
  }
  expect(seen).toBeGreaterThan(100);
  expect(undocumented).toEqual([]);
});
