import { transformFileSync } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The rooms that a child process needs: everything without Nest. */
const ROOMS = ['cache', 'client', 'cluster', 'connection', 'options', 'protocol', 'store'];

/** The library as JavaScript in a folder of its own, for processes that no test runner compiles it for. */
export function compileLib(): { readonly dir: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'nestjs-memcached-'));
  const dir = join(root, 'lib');
  writeFileSync(`${root}/package.json`, '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const sources = ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, 'lib', room), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(room, file),
    ),
  );
  // What belongs to no room lies beside them; only the entry point needs Nest.
  const beside = readdirSync(join(ROOT, 'lib')).filter((file) => file !== 'index.ts');
  for (const source of [...sources, ...beside]) {
    if (!source.endsWith('.ts')) continue;
    const { code } = transformFileSync(join(ROOT, 'lib', source), {
      swcrc: false,
      jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true } },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    });
    const target = join(dir, source.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return { dir, remove: () => rmSync(root, { recursive: true, force: true }) };
}
