import { describe, expect, it } from '@jest/globals';
import { type House, violations } from './architecture.js';

const HOUSE: House = {
  rooms: {
    'index.ts': { rooms: ['errors.ts', 'wire/', 'cache/'], packages: [] },
    'errors.ts': { rooms: [], packages: [] },
    'wire/': { rooms: ['errors.ts'], packages: ['node:net'] },
    'wire/codec/': { rooms: ['errors.ts'], packages: ['node:zlib'] },
    'cache/': { rooms: ['errors.ts'], packages: [] },
    'testing/index.ts': { rooms: ['testing/'], packages: [] },
    'testing/': { rooms: [], packages: ['node:net'] },
  },
  entryPoints: { memo: 'index.ts', 'memo/testing': 'testing/index.ts' },
  maxLines: 5,
};

const SOUND = {
  'lib/errors.ts': 'export class Lost extends Error {}\n',
  'lib/wire/parser.ts': "import { Lost } from '../errors.js';\nexport const parse = () => new Lost();\n",
  'lib/wire/socket.ts': "import net from 'node:net';\nimport { parse } from './parser.js';\nnet; parse;\n",
  'lib/wire/codec/gzip.ts': "import zlib from 'node:zlib';\nzlib;\n",
  'lib/cache/flight.ts': "import type { Lost } from '../errors.js';\nexport type Flight = Lost;\n",
  'lib/index.ts': "export { Lost } from './errors.js';\nexport { parse } from './wire/parser.js';\n",
  'lib/testing/server.ts': "import 'node:net';\nexport class Server {}\n",
  'lib/testing/index.ts': "export { Server } from './server.js';\n",
  'sample/shop/main.ts':
    "import { parse } from 'memo';\nimport 'memo/testing';\nimport './app.js';\nparse;\n",
};

/** What is wrong with the sound tree once these files are added or replaced. */
function afterPlanting(files: Record<string, string>): string[] {
  return violations(new Map(Object.entries({ ...SOUND, ...files })), HOUSE);
}

describe('the architecture checker', () => {
  it('finds nothing in a sound tree', () => {
    expect(afterPlanting({})).toEqual([]);
  });

  it.each([
    ['an import', "import { parse } from '../wire/parser.js';"],
    ['an import of a type', "import type { parse } from '../wire/parser.js';"],
    ['an import for its side effects', "import '../wire/parser.js';"],
    ['a re-export', "export { parse } from '../wire/parser.js'; export const a = 1;"],
    ['an import()', "export const late = () => import('../wire/parser.js');"],
    ['an import() with a template', 'export const late = () => import(`../wire/parser.js`);'],
    ['a require()', "export const late = () => require('../wire/parser.js');"],
    ['an import = require()', "import parser = require('../wire/parser.js'); parser;"],
    ['a type written as import()', "export type Parse = import('../wire/parser.js').Parse;"],
  ])('refuses %s from a room that is not allowed', (_, source) => {
    expect(afterPlanting({ 'lib/cache/flight.ts': source })).toEqual([
      'lib/cache/flight.ts:1 imports ../wire/parser.js: of rooms, cache/ may import errors.ts',
    ]);
  });

  it('is not taken in by imports in comments and texts', () => {
    const source = "// import '../wire/parser.js'\nexport const text = \"import '../wire/parser.js'\";\n";
    expect(afterPlanting({ 'lib/cache/flight.ts': source })).toEqual([]);
  });

  it('refuses an import whose name is computed', () => {
    expect(afterPlanting({ 'lib/cache/flight.ts': 'export const late = (a: string) => import(a);' })).toEqual(
      ['lib/cache/flight.ts:1 imports a module whose name is computed'],
    );
  });

  it('refuses a module of Node that is not allowed', () => {
    expect(afterPlanting({ 'lib/wire/parser.ts': "\nimport 'node:fs';" })).toEqual([
      'lib/wire/parser.ts:2 imports node:fs: of packages, wire/ may import node:net',
    ]);
  });

  it('refuses a package that is not allowed, and the insides of one that is', () => {
    expect(afterPlanting({ 'lib/wire/parser.ts': "import 'lodash';\nimport 'node:net/inner';" })).toEqual([
      'lib/wire/parser.ts:1 imports lodash: of packages, wire/ may import node:net',
      'lib/wire/parser.ts:2 imports node:net/inner: of packages, wire/ may import node:net',
    ]);
  });

  it('holds a room inside a room to its own line of the table', () => {
    expect(afterPlanting({ 'lib/wire/codec/gzip.ts': "import 'node:net';\nimport '../parser.js';" })).toEqual(
      [
        'lib/wire/codec/gzip.ts:1 imports node:net: of packages, wire/codec/ may import node:zlib',
        'lib/wire/codec/gzip.ts:2 imports ../parser.js: of rooms, wire/codec/ may import errors.ts',
      ],
    );
  });

  it('refuses an import that leaves lib/', () => {
    expect(afterPlanting({ 'lib/cache/flight.ts': "import '../../test/clock.js';" })).toEqual([
      'lib/cache/flight.ts:1 imports ../../test/clock.js: lib/ imports nothing from outside it',
    ]);
  });

  it('refuses an import of a file that is not there', () => {
    expect(afterPlanting({ 'lib/cache/flight.ts': "import './gone.js';" })).toEqual([
      'lib/cache/flight.ts:1 imports ./gone.js: there is no lib/cache/gone.ts',
    ]);
  });

  it('refuses the entry point as a way round the table', () => {
    expect(afterPlanting({ 'lib/cache/flight.ts': "import '../index.js';" })).toEqual([
      'lib/cache/flight.ts:1 imports ../index.js: of rooms, cache/ may import errors.ts',
    ]);
  });

  it('refuses a cycle, also one of types alone, and names its files in order', () => {
    expect(
      afterPlanting({
        'lib/wire/c.ts': "import type {} from './a.js';",
        'lib/wire/b.ts': "import './c.js';",
        'lib/wire/a.ts': "import './b.js';",
      }),
    ).toEqual(['import cycle: lib/wire/a.ts -> lib/wire/b.ts -> lib/wire/c.ts -> lib/wire/a.ts']);
  });

  it('refuses a file that imports itself', () => {
    expect(afterPlanting({ 'lib/wire/a.ts': "import './a.js';" })).toEqual([
      'import cycle: lib/wire/a.ts -> lib/wire/a.ts',
    ]);
  });

  it('tells apart two cycles and two ways to one file', () => {
    expect(
      afterPlanting({
        'lib/wire/a.ts': "import './b.js';\nimport './c.js';",
        'lib/wire/b.ts': "import './d.js';",
        'lib/wire/c.ts': "import './d.js';\nimport './a.js';",
        'lib/wire/d.ts': "import './e.js';",
        'lib/wire/e.ts': "import './d.js';",
      }),
    ).toEqual([
      'import cycle: lib/wire/d.ts -> lib/wire/e.ts -> lib/wire/d.ts',
      'import cycle: lib/wire/a.ts -> lib/wire/c.ts -> lib/wire/a.ts',
    ]);
  });

  it.each(['lib/attic/box.ts', 'lib/attic.ts'])('refuses %s, which stands in no room', (path) => {
    expect(afterPlanting({ [path]: "import 'lodash';" })).toEqual([
      `${path} stands in no room that the import table knows`,
    ]);
  });

  it.each([
    ['an index of a room', 'lib/wire/index.ts', 'export const a = 1;'],
    ['a file that only passes names on', 'lib/wire/all.ts', "export { parse } from './parser.js';"],
  ])('refuses %s as a barrel', (_, path, source) => {
    expect(afterPlanting({ [path]: source })).toEqual([
      `${path} is a barrel; only index.ts, testing/index.ts may pass names on`,
    ]);
  });

  it.each(["export * from './errors.js';", "export * as errors from './errors.js';"])(
    'refuses `%s`, even in the entry point',
    (source) => {
      expect(afterPlanting({ 'lib/index.ts': source })).toEqual([
        'lib/index.ts:1 exports with *; names are written out one by one',
      ]);
    },
  );

  it.each([
    ['lib/wire/utils.ts', 'utils'],
    ['lib/wire/key.helpers.ts', 'helpers'],
    ['lib/wire/common/keys.ts', 'common'],
    ['lib/wire/interfaces/key.ts', 'interfaces'],
  ])('refuses %s, a name that says nothing', (path, word) => {
    expect(afterPlanting({ [path]: '' })).toEqual([`${path}: '${word}' does not say what it is for`]);
  });

  it('refuses a name that is not kebab-case', () => {
    expect(afterPlanting({ 'lib/wire/keyRing.ts': '' })).toEqual([
      "lib/wire/keyRing.ts: 'keyRing' is not kebab-case",
    ]);
  });

  it('refuses a file that is too long, and counts lines as an editor does', () => {
    expect(afterPlanting({ 'lib/wire/long.ts': '\n'.repeat(5) })).toEqual([]);
    expect(afterPlanting({ 'lib/wire/long.ts': '\n'.repeat(6) })).toEqual([
      'lib/wire/long.ts has 6 lines, 5 are allowed',
    ]);
  });

  it('refuses mutable state of a module', () => {
    const source = 'let count = 0;\nexport const next = () => { let a = count++; return a; };\n';
    expect(afterPlanting({ 'lib/wire/counter.ts': source })).toEqual([
      "lib/wire/counter.ts: 'count' is mutable state of the module",
    ]);
  });

  it.each([
    '../../lib/wire/parser.js',
    '../../dist/wire/parser.js',
    'memo/wire/parser',
    'memo/dist/wire/parser.js',
  ])('refuses `%s` in the sample, which has to come in by the door', (specifier) => {
    expect(afterPlanting({ 'sample/shop/main.ts': `import '${specifier}';` })).toEqual([
      `sample/shop/main.ts:1 imports ${specifier}: from outside there is only memo, memo/testing`,
    ]);
  });
});
