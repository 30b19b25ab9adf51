import { transformFileSync } from '@swc/core';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The rooms that a child process needs: everything without Nest. */
const ROOMS = new Set([
  'cache',
  'cli',
  'client',
  'cluster',
  'connection',
  'near',
  'options',
  'protocol',
  'store',
]);

/**
 * The library as JavaScript in a folder of its own, for processes that no test runner compiles it for.
 *
 * @param programs files of `test/`, compiled beside it together with all of the library, Nest included.
 */
export function compileLib(programs: readonly string[] = []): { readonly dir: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'nestjs-memcached-'));
  const dir = join(root, 'lib');
  copyFileSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const all = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
  // What belongs to no room lies beside them; only the entry point needs Nest.
  const needed = all.filter((file) => {
    const [room, ...rest] = file.split('/');
    return rest.length === 0 ? file !== 'index.ts' : ROOMS.has(room);
  });
  const sources = programs.length === 0 ? needed : all;
  for (const source of [...sources.map((file) => `lib/${file}`), ...programs]) {
    if (!source.endsWith('.ts')) continue;
    const { code } = transformFileSync(join(ROOT, source), {
      swcrc: false,
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        keepClassNames: true,
      },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    });
    const target = join(root, source.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return { dir, remove: () => rmSync(root, { recursive: true, force: true }) };
}
