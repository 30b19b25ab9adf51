import { expect, it } from '@jest/globals';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as TypeScript from 'typescript';

const ts = createRequire(import.meta.url)('typescript') as typeof TypeScript;

/** Where our users import from beside us, so that a name which stands in both is imported from the wrong one. */
const NEIGHBOURS = ['@nestjs/common', '@nestjs/core', 'rxjs'];

it('gives no name to the public that Nest, rxjs or the browser have given', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const index = `${root}lib/index.ts`;
  const program = ts.createProgram([index], {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'],
    skipLibCheck: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const exportsOf = (file: string | undefined): Set<string> => {
    const source = file === undefined ? undefined : program.getSourceFile(file);
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
  for (const neighbour of NEIGHBOURS) {
    const { resolvedModule } = ts.resolveModuleName(neighbour, index, program.getCompilerOptions(), ts.sys);
    const names = exportsOf(resolvedModule?.resolvedFileName);
    expect(names.size).toBeGreaterThan(50);
    for (const name of names) taken.set(name, neighbour);
  }
  expect(taken.get('AbortSignal')).toBe('the DOM');
  const ours = exportsOf(index);
  expect(ours.size).toBeGreaterThan(80);
  const collisions = [...ours]
    .filter((name) => taken.has(name))
    .map((name) => `${name} (${taken.get(name)})`);
  expect(collisions).toEqual([]);
}, 60_000);
