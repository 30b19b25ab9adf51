import { expect, it } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as TypeScript from 'typescript';

const ts = createRequire(import.meta.url)('typescript') as typeof TypeScript;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Every Nest package that is installed, the tools of its command line apart: none imports from those beside us. */
const nestPackages = (): string[] =>
  readdirSync(`${root}node_modules/@nestjs`)
    .filter((name) => name !== 'cli' && name !== 'schematics')
    .map((name) => `@nestjs/${name}`);

/** The source of every entry that package.json exports. */
const entries = (): string[] => {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports: Record<string, string | { types: string }>;
  };
  return Object.values(exports).flatMap((target) =>
    typeof target === 'string'
      ? []
      : [`${root}${target.types.replace('./dist/', 'lib/').replace('.d.ts', '.ts')}`],
  );
};

/** Named in signatures for the package's own sake, or plain enough to be used without a name. */
const UNNAMED: ReadonlySet<string> = new Set([
  'ItemLooks',
  'Leases',
  'ServerEpochs',
  'ResolvedClientOptions',
  'OwnerOf',
  'Peer',
]);

/** Names of types in the signatures that a declaration gives to the public, and where each stands. */
function namedIn(declaration: TypeScript.Node): TypeScript.Identifier[] {
  const named: TypeScript.Identifier[] = [];
  const look = (node: TypeScript.Node): void => {
    const { name } = node as { name?: TypeScript.Node };
    if (name !== undefined && ts.isPrivateIdentifier(name)) return;
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
    if (ts.isClassElement(node) && (ts.getCombinedModifierFlags(node) & hidden) !== 0) return;
    if (ts.isBlock(node) || ts.isHeritageClause(node)) return;
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) named.push(node.typeName);
    ts.forEachChild(node, look);
  };
  look(declaration);
  return named;
}

it('exports with the client every type that its signatures name, and from the whole package all that it does', () => {
  const program = ts.createProgram([`${root}lib/index.ts`, `${root}lib/client.ts`], {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const resolved = (symbol: TypeScript.Symbol): TypeScript.Symbol =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  const exportsOf = (entry: string): Set<TypeScript.Symbol> => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(`${root}lib/${entry}.ts`)!)!;
    return new Set(checker.getExportsOfModule(module).map(resolved));
  };
  const ofClient = exportsOf('client');
  const missing = new Set<string>();
  for (const symbol of ofClient) {
    // Its members are told from each other by their `type`.
    if (symbol.name === 'DistributionOptions') continue;
    for (const name of (symbol.declarations ?? []).flatMap(namedIn)) {
      const type = resolved(checker.getSymbolAtLocation(name)!);
      const [declaration] = type.declarations ?? [];
      const isOurs =
        declaration?.getSourceFile().fileName.startsWith(`${root}lib/`) === true &&
        !ts.isTypeParameterDeclaration(declaration);
      if (isOurs && !ofClient.has(type) && !UNNAMED.has(type.name)) {
        missing.add(`${type.name} of ${symbol.name}`);
      }
    }
  }
  expect([...missing]).toEqual([]);
  const all = exportsOf('index');
  expect([...ofClient].filter((symbol) => !all.has(symbol)).map(({ name }) => name)).toEqual([]);
}, 60_000);

it('gives no name to the public that Nest, rxjs or the browser have given', () => {
  // They are where our users import from beside us: a name that stands in both is imported from the wrong one.
  const neighbours = [...nestPackages(), 'rxjs'];
  const sources = entries();
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.filter((source) => !existsSync(source))).toEqual([]);
  const options = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'],
    skipLibCheck: true,
    noEmit: true,
  };
  const files = new Map(
    neighbours.map((neighbour) => {
      const { resolvedModule } = ts.resolveModuleName(neighbour, sources[0], options, ts.sys);
      return [neighbour, resolvedModule?.resolvedFileName ?? neighbour];
    }),
  );
  const program = ts.createProgram([...sources, ...files.values()], options);
  const checker = program.getTypeChecker();
  const exportsOf = (file: string): Set<string> => {
    const source = program.getSourceFile(file);
    const symbol = source && checker.getSymbolAtLocation(source);
    return new Set(symbol === undefined ? [] : checker.getExportsOfModule(symbol).map(({ name }) => name));
  };
  const taken = new Map<string, string>();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.endsWith('/lib.dom.d.ts')) continue;
    for (const statement of source.statements) {
      const { name } = statement as { name?: TypeScript.Identifier };
      if (name !== undefined) taken.set(name.text, 'the DOM');
    }
  }
  for (const [neighbour, file] of files) {
    const names = exportsOf(file);
    expect([neighbour, names.size > 0]).toEqual([neighbour, true]);
    for (const name of names) taken.set(name, neighbour);
  }
  expect(taken.get('AbortSignal')).toBe('the DOM');
  expect(taken.get('Injectable')).toBe('@nestjs/common');
  expect(taken.get('MessagePattern')).toBe('@nestjs/microservices');
  const ours = new Set(sources.flatMap((source) => [...exportsOf(source)]));
  expect(ours.size).toBeGreaterThan(120);
  const collisions = [...ours]
    .filter((name) => taken.has(name))
    .map((name) => `${name} (${taken.get(name)})`);
  expect(collisions).toEqual([]);
}, 120_000);
