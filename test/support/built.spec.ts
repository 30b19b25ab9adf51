import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBuilt } from '../../scripts/built.mjs';

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);

/** Writes a file, at a time in seconds. */
function write(path: string, seconds: number): void {
  writeFileSync(at(path), '');
  utimesSync(at(path), seconds, seconds);
}

/** Gives a folder its time: every file that was written has changed it. */
function settle(seconds: number): void {
  for (const name of ['lib', 'lib/room', 'dist', 'dist/room']) utimesSync(at(name), seconds, seconds);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-built-'));
  for (const name of ['lib/room', 'dist/room']) mkdirSync(at(name), { recursive: true });
  for (const file of ['lib/index.ts', 'lib/room/a.ts', 'lib/room/page.html', 'package.json'])
    write(file, 100);
  for (const file of ['dist/index.js', 'dist/room/a.js']) write(file, 200);
  settle(100);
});
afterEach(() => rmSync(folder, { recursive: true }));

const built = (): boolean => isBuilt(at('lib'), at('dist'), [at('package.json')]);

it('is built once everything has been compiled', () => {
  expect(built()).toBe(true);
});

it.each<[string, () => void]>([
  ['a source has changed', () => write('lib/room/a.ts', 300)],
  ['another file that the build reads has changed', () => write('lib/room/page.html', 300)],
  ['a file that it depends on has changed', () => write('package.json', 300)],
  ['a source is not compiled yet', () => write('lib/room/b.ts', 100)],
  ['only a part was compiled', () => write('dist/index.js', 50)],
  ['a source was taken away', () => rmSync(at('lib/room/a.ts'))],
  ['nothing was compiled', () => rmSync(at('dist'), { recursive: true })],
])('is not built where %s', (_case, change) => {
  change();
  expect(built()).toBe(false);
});
