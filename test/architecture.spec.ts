import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type House, type Tree, violations } from './support/architecture.js';
import { lonelyExports } from './support/lonely-exports.js';
import { replacedGlobals } from './support/replaced-globals.js';

/** The import table: imports go one way, and what a room may ask of Node and of packages is written here. */
const HOUSE: House = {
  rooms: {
    'index.ts': {
      rooms: [
        'errors.ts',
        'codec.ts',
        'custom-distribution.ts',
        'near-cache-bus.ts',
        'options/',
        'cluster/',
        'client/',
        'client/codec/',
        'cache/',
        'cache/clock.ts',
        'near/',
        'store/',
        'nest/',
        'nest/memcached.module.ts',
        'nest/decorators/',
        'nest/keys/',
        'nest/instance/',
        'nest/http/',
        'nest/health/',
      ],
      packages: [],
    },
    'client.ts': {
      rooms: [
        'errors.ts',
        'codec.ts',
        'custom-distribution.ts',
        'options/',
        'cluster/',
        'client/',
        'client/codec/',
      ],
      packages: [],
    },
    'errors.ts': { rooms: [], packages: [] },
    'bounded-map.ts': { rooms: [], packages: [] },
    'abort-watch.ts': { rooms: [], packages: [] },
    'codec.ts': { rooms: [], packages: [] },
    'custom-distribution.ts': { rooms: [], packages: [] },
    'near-cache-bus.ts': { rooms: [], packages: [] },
    'unix-time.ts': { rooms: [], packages: [] },
    'timers.ts': { rooms: [], packages: ['node:perf_hooks', 'node:timers', 'node:timers/promises'] },
    'label-memo.ts': { rooms: [], packages: [] },
    // Of those who tell it knows the messages, by their types.
    'subscriptions.ts': { rooms: ['client/', 'nest/'], packages: ['node:diagnostics_channel'] },
    // node:tls for the type of the options that are passed through to it, node:v8 for the heap's limit.
    'options/': {
      rooms: ['errors.ts', 'codec.ts', 'custom-distribution.ts', 'near-cache-bus.ts'],
      packages: ['node:tls', 'node:v8'],
    },
    // Bytes, and only bytes: no socket, timer or clock can be imported here.
    'protocol/': { rooms: ['errors.ts'], packages: [] },
    'connection/': {
      rooms: ['errors.ts', 'unix-time.ts', 'timers.ts', 'options/', 'protocol/'],
      packages: ['node:crypto', 'node:dns', 'node:net', 'node:tls'],
    },
    'cluster/': {
      rooms: [
        'errors.ts',
        'custom-distribution.ts',
        'bounded-map.ts',
        'unix-time.ts',
        'timers.ts',
        'options/',
        'protocol/',
        'connection/',
      ],
      packages: ['node:crypto', 'node:dns', 'node:dns/promises', 'node:perf_hooks', 'node:util'],
    },
    'client/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'abort-watch.ts',
        'unix-time.ts',
        'timers.ts',
        'options/',
        'protocol/',
        'cluster/',
        'client/codec/',
      ],
      packages: ['node:crypto', 'node:diagnostics_channel', 'node:events'],
    },
    'client/codec/': {
      rooms: ['errors.ts', 'codec.ts', 'bounded-map.ts', 'options/'],
      packages: ['node:crypto', 'node:v8', 'node:zlib'],
    },
    // Knows a port and a clock that are given to it; whatever it does can be replayed on a fake of both.
    // node:async_hooks tells who would wait for himself.
    'cache/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'abort-watch.ts',
        'options/',
        'near/',
        'cache/clock.ts',
        'cache/order.ts',
      ],
      packages: ['node:async_hooks'],
    },
    'cache/clock.ts': { rooms: ['timers.ts'], packages: [] },
    'cache/order.ts': { rooms: [], packages: [] },
    // Stands on a port of its own, as the cache does, and on the same clock.
    'near/': {
      rooms: ['bounded-map.ts', 'near-cache-bus.ts', 'options/', 'cache/clock.ts', 'cache/order.ts'],
      packages: ['lru-cache', 'node:crypto'],
    },
    'store/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'unix-time.ts',
        'timers.ts',
        'options/',
        'client/',
        'client/codec/',
        'near/',
        'cache/',
        'cache/clock.ts',
      ],
      packages: [],
    },
    // The module puts the rooms of Nest together; nothing below knows it.
    'nest/memcached.module.ts': {
      rooms: ['errors.ts', 'options/', 'nest/', 'nest/boot/', 'nest/health/', 'nest/instance/'],
      packages: ['@nestjs/common', '@nestjs/core'],
    },
    'nest/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'unix-time.ts',
        'timers.ts',
        'options/',
        'client/',
        'cache/',
        'cache/clock.ts',
        'store/',
        'nest/instance/',
      ],
      packages: ['@nestjs/common', 'node:async_hooks', 'node:diagnostics_channel'],
    },
    'nest/decorators/': {
      rooms: ['errors.ts', 'options/', 'cache/', 'nest/instance/', 'nest/keys/', 'nest/methods/'],
      packages: ['@nestjs/common', 'reflect-metadata', 'rxjs'],
    },
    'nest/methods/': {
      rooms: ['errors.ts', 'options/', 'nest/instance/', 'nest/keys/'],
      packages: ['@nestjs/common', 'reflect-metadata', 'rxjs'],
    },
    'nest/keys/': { rooms: ['errors.ts', 'options/'], packages: [] },
    'nest/instance/': {
      rooms: ['errors.ts', 'bounded-map.ts', 'options/', 'cache/', 'nest/keys/'],
      packages: ['@nestjs/common', '@nestjs/core', 'node:async_hooks', 'node:util'],
    },
    'nest/boot/': {
      rooms: [
        'errors.ts',
        'options/',
        'nest/',
        'nest/http/',
        'nest/instance/',
        'nest/keys/',
        'nest/methods/',
      ],
      packages: ['@nestjs/common', '@nestjs/core', 'reflect-metadata'],
    },
    'nest/http/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'unix-time.ts',
        'timers.ts',
        'options/',
        'nest/instance/',
        'nest/keys/',
        'nest/methods/',
      ],
      packages: ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'node:crypto', 'node:http'],
    },
    'nest/health/': {
      rooms: [
        'errors.ts',
        'unix-time.ts',
        'options/',
        'client/',
        'cache/clock.ts',
        'nest/',
        'nest/instance/',
      ],
      packages: ['@nestjs/common', '@nestjs/core'],
    },
    // The server shares no line with the client, so that a misreading of the protocol cannot sit at both ends.
    'testing/': {
      rooms: ['timers.ts'],
      packages: ['node:net', 'node:tls', 'node:events'],
    },
    // What stands around the server for tests of applications knows the library; the server does not know it.
    'testing/module/': {
      rooms: ['errors.ts', 'timers.ts', 'options/', 'nest/', 'nest/memcached.module.ts', 'testing/'],
      packages: ['@nestjs/common', 'node:diagnostics_channel', 'node:events'],
    },
    'testing/index.ts': { rooms: ['testing/', 'testing/module/'], packages: [] },
    // A program of its own: knows the client and nothing of Nest, which need not be installed where it runs.
    'cli/': {
      rooms: ['errors.ts', 'unix-time.ts', 'timers.ts', 'options/', 'cluster/', 'client/'],
      packages: ['node:events', 'node:fs', 'node:tls', 'node:util'],
    },
    // A page over what the service tells; it is served by whatever the application is.
    'dashboard/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'unix-time.ts',
        'timers.ts',
        'options/',
        'client/',
        'cache/',
        'store/',
        'nest/',
      ],
      packages: [
        '@nestjs/common',
        '@nestjs/core',
        'node:async_hooks',
        'node:diagnostics_channel',
        'node:http',
        'node:os',
        'node:stream',
      ],
    },
    'dashboard/index.ts': { rooms: ['dashboard/', 'options/'], packages: [] },
    'adapters/': {
      rooms: [
        'errors.ts',
        'bounded-map.ts',
        'timers.ts',
        'options/',
        'client/',
        'client/codec/',
        'nest/',
        'adapters/callers-time.ts',
        'near-cache-bus.ts',
      ],
      packages: ['node:crypto', 'node:events'],
    },
    // The one place that reads the time as the caller has it, which may be a test runner's.
    'adapters/callers-time.ts': { rooms: [], packages: [] },
    'adapters/keyv.ts': { rooms: ['adapters/'], packages: [] },
    'adapters/throttler.ts': { rooms: ['adapters/'], packages: [] },
    'adapters/session.ts': { rooms: ['adapters/'], packages: [] },
    'opentelemetry/': {
      rooms: ['label-memo.ts', 'subscriptions.ts', 'unix-time.ts', 'options/', 'client/', 'nest/'],
      packages: ['@opentelemetry/api'],
    },
    'opentelemetry/index.ts': { rooms: ['opentelemetry/'], packages: [] },
    'adapters/bus/redis.ts': { rooms: ['adapters/'], packages: [] },
    'adapters/bus/rabbitmq.ts': { rooms: ['adapters/'], packages: [] },
    // prom-client for its types: what a registry reads is made without it.
    'prometheus/': {
      rooms: ['errors.ts', 'label-memo.ts', 'subscriptions.ts', 'options/', 'client/', 'nest/'],
      packages: ['prom-client'],
    },
    'prometheus/index.ts': { rooms: ['prometheus/'], packages: [] },
  },
  entryPoints: {
    'nestjs-memcached': 'index.ts',
    'nestjs-memcached/client': 'client.ts',
    'nestjs-memcached/testing': 'testing/index.ts',
    'nestjs-memcached/dashboard': 'dashboard/index.ts',
    'nestjs-memcached/keyv': 'adapters/keyv.ts',
    'nestjs-memcached/throttler': 'adapters/throttler.ts',
    'nestjs-memcached/session': 'adapters/session.ts',
    'nestjs-memcached/opentelemetry': 'opentelemetry/index.ts',
    'nestjs-memcached/bus/redis': 'adapters/bus/redis.ts',
    'nestjs-memcached/bus/rabbitmq': 'adapters/bus/rabbitmq.ts',
    'nestjs-memcached/prometheus': 'prometheus/index.ts',
  },
  maxLines: 400,
};

/** Sources under a folder, by their path from the root of the repository. */
function sourcesIn(folder: string): Tree {
  const root = new URL('../', import.meta.url);
  const tree = new Map<string, string>();
  for (const path of pathsIn(folder, root)) {
    if (/\.m?[tj]s$/.test(path)) tree.set(path, readFileSync(new URL(path, root), 'utf8'));
  }
  return tree;
}

/** What is installed is never entered: links in it lead back to the repository. */
function pathsIn(folder: string, root: URL): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [`${folder}${entry.name}`];
    return entry.name === 'node_modules' || entry.name === 'dist'
      ? []
      : pathsIn(`${folder}${entry.name}/`, root);
  });
}

function page(name: string): string {
  return readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
}

/** What stands between backticks. */
function code(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

const tree = new Map(
  [...sourcesIn('lib/'), ...sourcesIn('sample/')].filter(([path]) => /\.m?ts$/.test(path)),
);

/** What is exported for tests and scripts alone, which could not say it as well by what is exported besides. */
const FOR_TESTS = new Set([
  'lib/cli/command-line.ts COMMANDS',
  'lib/cluster/cluster-config.ts parseClusterConfig',
  'lib/cluster/distribution/hash/named.ts HASH_NAMES',
  'lib/cluster/epoch-bumps.ts MARK_ANSWER_MS',
  'lib/nest/keys/key-template.ts fillTemplate',
]);

/** Files in which a type, a function or a class stands before the class, function or interface that the file is named after. */
function opensOtherwise(texts: Tree): string[] {
  const declared = /^(?:export )?(?:abstract |async )*(class|interface|type|function\*?|const) (\w+)/gm;
  return [...texts].flatMap(([path, text]) => {
    const name = path
      .replace(/^.*\//, '')
      .replace(/(\.(decorator|service|module|health|interceptor))?\.ts$/, '')
      .replaceAll('-', '');
    const declarations = [...text.matchAll(declared)].filter(([, kind]) => kind !== 'const');
    const at = declarations.findIndex(([, kind, word]) => kind !== 'type' && word.toLowerCase() === name);
    return at > 0 ? [`${path} opens with ${declarations[0][2]}`] : [];
  });
}

/** Where an option's words come before the options that use them. */
const WORDS_FIRST = /^lib\/(options|adapters)\//;

describe('the architecture', () => {
  it('holds in every file of lib/ and sample/', () => {
    expect(violations(tree, HOUSE)).toEqual([]);
  });

  it('has a file behind every entry point that package.json exports', () => {
    const manifest = JSON.parse(page('package.json')) as {
      name: string;
      exports: Record<string, string | { default: string }>;
    };
    const exported = Object.entries(manifest.exports)
      .filter(([subpath]) => subpath !== './package.json')
      .map(([subpath, target]) => [
        subpath.replace(/^\./, manifest.name),
        (typeof target === 'string' ? target : target.default).replace('./dist/', '').replace(/\.js$/, '.ts'),
      ]);
    expect(Object.fromEntries(exported)).toEqual(HOUSE.entryPoints);
    expect([...tree.keys()]).toEqual(
      expect.arrayContaining(Object.values(HOUSE.entryPoints).map((file) => `lib/${file}`)),
    );
  });

  it.each([
    ['protocol/planted.ts', "import 'node:net';"],
    ['protocol/planted.ts', "import { toTtlSeconds } from '../options/duration.js';"],
    ['connection/planted.ts', "import '../cluster/planted.js';"],
    ['cache/planted.ts', "import 'node:timers';"],
    ['cache/planted.ts', "import type {} from '../client/planted.js';"],
    ['client/planted.ts', "import '@nestjs/common';"],
    ['nest/planted.ts', "import '../connection/planted.js';"],
    ['nest/planted.ts', "import '@nestjs/terminus';"],
    ['nest/methods/planted.ts', "import '../boot/planted.js';"],
    ['testing/planted.ts', "import { MemcachedError } from '../errors.js';"],
    ['errors.ts', "import './options/duration.js';"],
  ])('would not hold with this planted in %s: %s', (file, source) => {
    const targets = [
      'errors.ts',
      'options/duration.ts',
      'client/planted.ts',
      'cluster/planted.ts',
      'connection/planted.ts',
      'nest/boot/planted.ts',
    ];
    const planted = new Map([
      ...targets.map((target) => [`lib/${target}`, ''] as const),
      [`lib/${file}`, source],
    ]);
    expect(violations(planted, HOUSE)).toContainEqual(expect.stringContaining(`lib/${file}:1 imports`));
  });

  it('exports nothing that only the file itself uses', () => {
    const users = [
      ...sourcesIn('lib/'),
      ...sourcesIn('sample/'),
      ...sourcesIn('test/'),
      ...sourcesIn('bench/'),
    ];
    const texts = new Map([...users, ...sourcesIn('scripts/')]);
    expect(lonelyExports(texts, FOR_TESTS)).toEqual([]);
  });

  it.each([
    ['export const lonely = 1;', ['lib/planted.ts exports lonely, which nobody imports']],
    ['export function lonely(): void {}', ['lib/planted.ts exports lonely, which nobody imports']],
    ['export abstract class Lonely {}', ['lib/planted.ts exports Lonely, which nobody imports']],
    ['export const { lonely, wanted } = {};', ['lib/planted.ts exports lonely, which nobody imports']],
    ['export const named = 1;', ['lib/planted.ts exports named, which nobody imports']],
    ['export const tested = 1;', ['lib/planted.ts exports tested for test/user.ts alone']],
    ['export const wanted = 1;', []],
    ['export const renamed = 1;', []],
    ['export const passedOn = 1;', []],
    ['export const forTests = 1;', []],
    ['const lonely = 1;', []],
  ])('would not hold with this export: %s', (source, found) => {
    const planted = new Map([
      ['lib/planted.ts', source],
      [
        'lib/user.ts',
        "import { wanted, renamed as named } from './planted.js';\nexport { passedOn } from './planted.js';",
      ],
      ['lib/other.ts', "import { lonely } from './another.js';\nlonely();"],
      ['test/user.ts', "import { forTests, tested } from '../lib/planted.js';"],
    ]);
    const allowed = source.includes('forTests') ? ['lib/planted.ts forTests'] : [];
    expect(lonelyExports(planted, new Set(allowed))).toEqual(found);
  });

  it.each([
    ['export const wanted = 1;', "import { wanted } from './planted.js';"],
    ['const wanted = 1;', ''],
  ])('would not hold with this said to be for tests: %s', (source, user) => {
    const planted = new Map([
      ['lib/planted.ts', source],
      ['lib/user.ts', user],
    ]);
    expect(lonelyExports(planted, new Set(['lib/planted.ts wanted']))).toEqual([
      'lib/planted.ts wanted is not for tests alone',
    ]);
  });

  it('opens each file with what it is named after', () => {
    const library = [...tree].filter(([path]) => path.startsWith('lib/') && !WORDS_FIRST.test(path));
    expect(opensOtherwise(new Map(library))).toEqual([]);
  });

  it.each([
    ['interface Other {}\nexport class Planted {}', ['lib/planted.ts opens with Other']],
    [
      'export function other(): void {}\nexport function planted(): void {}',
      ['lib/planted.ts opens with other'],
    ],
    ['const OTHER = 1;\nexport class Planted {}\ninterface Other {}', []],
    ['interface Other {}\nexport function notNamedSo(): void {}', []],
  ])('would not hold with this order: %j', (source, found) => {
    expect(opensOtherwise(new Map([['lib/planted.ts', source]]))).toEqual(found);
  });

  it('reads no global of time at run time, since test runners put their own in its place', () => {
    const library = [...tree].filter(
      ([path]) =>
        path.startsWith('lib/') && !['lib/adapters/callers-time.ts', 'lib/timers.ts'].includes(path),
    );
    expect(library.flatMap(([path, source]) => replacedGlobals(path, source))).toEqual([]);
  });

  it.each([
    ['setTimeout(done, 1);', 'setTimeout'],
    ['globalThis.setTimeout(done, 1);', 'setTimeout'],
    ['queueMicrotask(done);', 'queueMicrotask'],
    ['const now = () => performance.now();', 'performance'],
    ['const now = () => Date.now();', 'Date.now'],
    ['let since = new Date();', 'new Date()'],
    ['process.nextTick(done);', 'process.nextTick'],
    ["import { setTimeout } from 'node:timers'; setTimeout(done, 1);", 'setTimeout'],
    ["import { setTimeout as pause } from 'node:timers/promises';", 'setTimeout'],
    ["import { performance } from 'node:perf_hooks'; performance.now();", 'performance'],
  ])('would not hold with this reading of the time: %s', (source, name) => {
    expect(replacedGlobals('lib/planted.ts', source)).toEqual([
      expect.stringContaining(`lib/planted.ts:1 reads ${name} at run time`),
    ]);
  });

  it.each([
    "import { setTimeout } from './timers.js'; setTimeout(done, 1);",
    "import { performance } from './timers.js'; performance.now();",
    "import { createHistogram } from 'node:perf_hooks';",
    'const now = Date.now;',
    'new Date(7); socket.setTimeout(1); process.version;',
  ])('would hold with this: %s', (source) => {
    expect(replacedGlobals('lib/planted.ts', source)).toEqual([]);
  });

  it('is shown by the table in ARCHITECTURE.md', () => {
    const section = page('ARCHITECTURE.md').split('## The rooms')[1].split('\n## ')[0];
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const shown = rows.map((row) => {
      const [, name, , rooms, packages] = row.split('|');
      return [code(name)[0], { rooms: code(rooms), packages: code(packages) }] as const;
    });
    expect(Object.fromEntries(shown)).toEqual(HOUSE.rooms);
  });

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('has the files and folders that %s names', (name) => {
    const named = code(page(name)).filter((text) =>
      /^(lib|test|scripts|sample|bench|docs)\/[\w./-]*$/.test(text),
    );
    expect(named.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
  });
});
