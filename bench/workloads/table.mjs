import { CLASSIC_FLOOR, clients, CONTENDERS, FLOOR, OURS, withoutPromises } from '../contenders.mjs';

/*
 * Every workload: what is done, by whom, which figure counts, and what is to be reached.
 *
 * A target compares our figure with that of `against`: the name of a contender, `RIVALS` or `REDIS` for the best of these,
 * or nothing for the figure itself. `atLeast` and `atMost` bound ours divided by theirs, `moreAtMost` ours less theirs.
 */
export const RIVALS = 'the best memcached client';
export const REDIS = 'the best Redis client';

const AHEAD = { against: RIVALS, atLeast: 1 };
const TEXT = { values: 'text', size: 100 };
const OURS_ALONE = [{ name: OURS, ...CONTENDERS[OURS] }];
/** Our own build with the channel of commands cut out. */
const NO_CHANNELS = 'without the channels';

/** Our own build while nobody listens to its channels. */
const UNHEARD = 'nobody listens';

/** A call is a hundred reads: it takes more time until it is compiled. */
const MANY_KEYS = {
  full: { warmupMs: 1500, measureMs: 1000 },
  quick: { warmupMs: 1000, measureMs: 300 },
};

const FLOOR_AND_OURS = clients({ kinds: ['floor', 'ours'] }).filter(({ name }) => name !== CLASSIC_FLOOR);

const commands = [
  ...[1, 64, 512].map((loops) => ({
    id: `get-${loops}`,
    title: `get, ${inFlight(loops)}`,
    kind: 'commands',
    params: { command: 'get', loops, ...TEXT },
    contenders: [...clients(), ...withoutPromises()],
    targets: [
      { against: FLOOR, atLeast: loops === 1 ? 0.9 : 0.75 },
      { against: RIVALS, atLeast: loops === 1 ? 1 : 4 },
    ],
  })),
  ...[1, 64, 512].map((loops) => ({
    id: `set-${loops}`,
    title: `set, ${inFlight(loops)}`,
    kind: 'commands',
    params: { command: 'set', loops, ...TEXT },
    contenders: [...clients(), ...withoutPromises()],
    targets:
      loops === 1
        ? []
        : [
            { against: FLOOR, atLeast: 0.7 },
            { against: RIVALS, atLeast: 4 },
          ],
  })),
  ...[1, 3, 10, 100].map((servers) => ({
    id: `many-${servers}`,
    title: `getMany of 100 keys, ${servers === 1 ? '1 server' : `${servers} servers`}`,
    kind: 'commands',
    params: { command: 'getMany', loops: 8, perCall: 100, ...TEXT },
    servers,
    unit: 'keys/s',
    budget: MANY_KEYS,
    // memcache-client takes several servers for copies of each other; Redis' clients are measured on one.
    contenders: clients({
      kinds: [
        ['floor', 'ours'],
        ...(servers <= 3 ? ['rival'] : []),
        ...(servers === 1 ? ['redis'] : []),
      ].flat(),
      except: servers === 1 ? [] : ['memcache-client'],
    }),
    targets: [
      { against: CLASSIC_FLOOR, atLeast: servers === 1 ? 0.75 : 0.85 },
      ...(servers === 1 ? [] : [{ against: CLASSIC_FLOOR, figure: 'cpuMicros', atMost: 1.18 }]),
      ...(servers <= 3 ? [{ against: RIVALS, atLeast: 4 }] : []),
      ...(servers === 1 ? [{ against: 'node-redis', atLeast: 1 }] : []),
    ],
  })),
  ...[
    { id: 'value-10k', title: 'get of 10 KB, 16 in flight', size: 10_240, loops: 16, keys: 200 },
    { id: 'value-500k', title: 'get of 500 KB, 4 in flight', size: 500_000, loops: 4, keys: 20 },
  ].map(({ id, title, ...params }) => ({
    id,
    title,
    kind: 'commands',
    params: { command: 'get', values: 'bytes', ...params },
    // memcache hands out text only.
    contenders: clients({ except: ['memcache'] }),
    targets: [{ against: FLOOR, atLeast: 0.85 }, AHEAD],
  })),
  {
    id: 'mixed-256',
    title: '90 % get, 10 % set, 256 in flight',
    kind: 'commands',
    params: { command: 'mixed', loops: 256, ...TEXT },
    contenders: clients(),
    targets: [
      { against: FLOOR, atLeast: 0.7 },
      { against: FLOOR, figure: 'p99', atMost: 1.5 },
      { against: RIVALS, atLeast: 5 },
    ],
  },
  {
    id: 'json-64',
    title: 'get of a 1 KB JSON object, 64 in flight',
    kind: 'commands',
    params: { command: 'get', values: 'json', size: 1024, loops: 64 },
    contenders: clients().filter(({ name }) => name !== CLASSIC_FLOOR),
    targets: [{ against: FLOOR, atLeast: 0.9 }, AHEAD],
  },
  {
    id: 'memory',
    title: '1,000,000 gets, 64 in flight',
    kind: 'commands',
    params: { command: 'get', loops: 64, ...TEXT },
    operations: 1_000_000,
    figure: 'growthMib',
    contenders: clients(),
    targets: [
      { figure: 'growthMib', atMost: 20 },
      { figure: 'growthMib', against: RIVALS, atMost: 1 },
      { figure: 'cpuMicros', atMost: 2 },
      { figure: 'cpuMicros', against: RIVALS, atMost: 1 },
      { figure: 'gcMsPerMillion', against: RIVALS, atMost: 1 },
    ],
  },
  {
    id: 'tls-64',
    title: 'get over TLS, 64 in flight',
    kind: 'commands',
    params: { command: 'get', loops: 64, tls: true, ...TEXT },
    contenders: FLOOR_AND_OURS,
    targets: [{ against: FLOOR, atLeast: 0.6 }],
  },
];

const channels = [
  {
    id: 'channels',
    title: 'get, 64 in flight, and the diagnostics channels',
    kind: 'commands',
    params: { command: 'get', loops: 64, ...TEXT },
    contenders: [
      { name: NO_CHANNELS, kind: 'floor', client: { module: './clients/without-channels.mjs' } },
      ...OURS_ALONE,
      { name: 'with a subscriber', kind: 'floor', client: { module: './clients/with-subscriber.mjs' } },
    ],
    targets: [
      { against: NO_CHANNELS, atLeast: 0.97 },
      { against: NO_CHANNELS, figure: 'cpuMicros', moreAtMost: 0.03 },
    ],
  },
  ...[
    {
      id: 'prometheus',
      title: 'get, 64 in flight, and metrics for Prometheus',
      client: { module: './clients/with-prometheus.mjs' },
      targets: [{ against: UNHEARD, figure: 'cpuMicros', moreAtMost: 0.3 }],
    },
    {
      id: 'opentelemetry-sampled-out',
      title: 'get, 64 in flight, and OpenTelemetry, no span sampled',
      client: { module: './clients/with-opentelemetry.mjs', export: 'openSampledOut' },
      targets: [{ against: UNHEARD, figure: 'cpuMicros', moreAtMost: 3 }],
    },
    {
      id: 'opentelemetry-asking',
      title: 'get, 64 in flight, and OpenTelemetry, the sampler asked each time',
      client: { module: './clients/with-opentelemetry.mjs', export: 'openAsking' },
      targets: [],
    },
    {
      id: 'opentelemetry',
      title: 'get, 64 in flight, and OpenTelemetry, every span recorded',
      client: { module: './clients/with-opentelemetry.mjs' },
      targets: [],
    },
  ].map(({ client, ...row }) => ({
    ...row,
    kind: 'commands',
    params: { command: 'get', loops: 64, ...TEXT },
    figure: 'cpuMicros',
    // Both in each round of one run, so that what else the machine does is in both.
    contenders: [
      { name: UNHEARD, kind: 'floor', client: CONTENDERS[OURS].client },
      { name: OURS, kind: 'ours', client },
    ],
  })),
];

const values = [
  {
    id: 'codec',
    title: 'a 1 KB JSON object to bytes and back',
    kind: 'codec',
    params: {},
    figure: 'nanos',
    contenders: [
      { name: 'JSON and Buffer', kind: 'floor', params: { codec: 'bytes' } },
      { name: 'JSON alone, no bytes', kind: 'floor', params: { codec: 'text' } },
      { ...OURS_ALONE[0], params: { codec: 'ours' } },
    ],
    targets: [{ against: 'JSON and Buffer', atMost: 1.3 }],
  },
];

const routing = [
  { distribution: 'ketama', atMost: 250 },
  { distribution: 'python-memcached', atMost: 100 },
].map(({ distribution, atMost }) => ({
  id: `server-for-${distribution}`,
  title: `serverFor, ${distribution}, 100 servers`,
  kind: 'routing',
  params: { distribution, count: 100 },
  figure: 'nanos',
  contenders: OURS_ALONE,
  targets: [{ atMost }],
}));

const SERVICE = './clients/memcached-service.mjs';

/** Reads without a cache, by the same client. */
export const PLAIN_GET = 'plain get';

const cache = [
  ...[
    { id: 'get-or-set', loops: 64, ...TEXT },
    { id: 'get-or-set-512', loops: 512, ...TEXT },
    { id: 'get-or-set-json', loops: 64, values: 'json', size: 1024 },
    { id: 'get-or-set-json-512', loops: 512, values: 'json', size: 1024 },
  ].map(({ id, ...params }) => ({
    id,
    title: `getOrSet of a warm ${params.values === 'json' ? '1 KB JSON object' : 'key'}, ${inFlight(params.loops)}`,
    kind: 'cache',
    params,
    contenders: [
      { name: PLAIN_GET, kind: 'floor', client: { module: SERVICE, export: 'openPlain' } },
      { name: OURS, kind: 'ours', client: { module: SERVICE } },
      {
        name: 'cache-manager + @keyv/memcache',
        kind: 'rival',
        client: { module: './clients/cache-manager.mjs' },
      },
    ],
    targets: [
      { against: PLAIN_GET, atLeast: 0.85 },
      { against: PLAIN_GET, figure: 'cpuMicros', atMost: 1.18 },
      { against: PLAIN_GET, figure: 'garbageBytes', atMost: 1.3 },
      { against: RIVALS, atLeast: 3 },
    ],
  })),
  {
    id: 'cacheable',
    title: '@Cacheable method, warm, 64 in flight',
    kind: 'cache',
    params: { loops: 64, ...TEXT },
    figure: 'cpuMicros',
    contenders: [
      { name: 'getOrSet', kind: 'floor', client: { module: SERVICE } },
      { name: OURS, kind: 'ours', client: { module: './clients/cacheable.mjs' } },
    ],
    targets: [{ against: 'getOrSet', moreAtMost: 1 }],
  },
  {
    id: 'cache-batch',
    title: '@CacheBatch of 100 warm ids',
    kind: 'cache',
    params: { keys: 100, together: true, ...TEXT },
    figure: 'cpuMicros',
    budget: MANY_KEYS,
    contenders: [
      {
        name: 'its getMany',
        kind: 'floor',
        client: { module: './clients/cache-batch.mjs', export: 'openPlain' },
      },
      { name: OURS, kind: 'ours', client: { module: './clients/cache-batch.mjs' } },
    ],
    targets: [{ against: 'its getMany', atMost: 1.3 }],
  },
  {
    id: 'http',
    title: 'Nest HTTP route with a hit, 64 connections',
    kind: 'http',
    params: { connections: 64 },
    budget: { full: { warmupMs: 1000, measureMs: 3000 }, quick: { warmupMs: 500, measureMs: 1000 } },
    contenders: [
      { name: 'a constant', kind: 'floor', params: { app: 'constant' } },
      { name: OURS, kind: 'ours', params: { app: 'cacheable' } },
      { name: '@nestjs/cache-manager + @keyv/memcache', kind: 'rival', params: { app: 'cache-manager' } },
    ],
    targets: [{ against: 'a constant', atLeast: 0.9 }, AHEAD],
  },
  ...['express', 'fastify'].map((platform) => ({
    id: `http-cache-${platform}`,
    title: `@HttpCache route with a hit, ${platform}, 64 connections`,
    kind: 'http',
    params: { connections: 64, platform },
    figure: 'cpuMicros',
    budget: { full: { warmupMs: 1000, measureMs: 3000 }, quick: { warmupMs: 500, measureMs: 1000 } },
    contenders: [
      { name: 'a constant', kind: 'floor', params: { app: 'constant' } },
      { name: 'an interceptor that does nothing', kind: 'floor', params: { app: 'bare-interceptor' } },
      { name: 'one get in the route', kind: 'floor', params: { app: 'one-get' } },
      { name: 'an interceptor’s hit', kind: 'floor', params: { app: 'by-interceptor' } },
      { name: OURS, kind: 'ours', params: { app: 'http-cache' } },
    ],
    targets: [{ against: 'a constant', atMost: 1.1 }],
  })),
  ...['express', 'fastify'].flatMap((platform) => [
    earlyHits(platform, {
      id: `http-early-${platform}`,
      title: `@HttpCache route with an early hit, ${platform}, 64 connections`,
      app: 'early',
      floors: [{ name: 'an interceptor’s hit', kind: 'floor', params: { app: 'by-interceptor' } }],
      targets: [{ against: 'a constant', atMost: 1, figure: 'cpuMicros' }],
    }),
    earlyHits(platform, {
      id: `http-early-before-middleware-${platform}`,
      title: `@HttpCache route with a hit before middleware, ${platform}, 64 connections`,
      app: 'before-middleware',
      floors: [{ name: 'an early hit', kind: 'floor', params: { app: 'early' } }],
      targets: [{ against: 'a constant', atLeast: platform === 'express' ? 2.5 : 1.5 }, AHEAD],
    }),
  ]),
];

/** Hits that are answered before Nest has the request, beside whoever answers as early. */
function earlyHits(platform, { id, title, app, floors, targets }) {
  const rival =
    platform === 'express'
      ? { name: 'apicache', kind: 'rival', params: { app: 'apicache' } }
      : { name: '@fastify/caching', kind: 'rival', params: { app: 'fastify-caching' } };
  return {
    id,
    title,
    kind: 'http',
    params: { connections: 64, platform },
    budget: { full: { warmupMs: 2000, measureMs: 3000 }, quick: { warmupMs: 1000, measureMs: 1000 } },
    contenders: [
      { name: 'a constant', kind: 'floor', params: { app: 'constant' } },
      ...floors,
      { name: 'the same of the near cache', kind: 'floor', params: { app: `${app}-near` } },
      { name: OURS, kind: 'ours', params: { app } },
      { name: '@nestjs/cache-manager + @keyv/memcache', kind: 'rival', params: { app: 'cache-manager' } },
      rival,
    ],
    targets,
  };
}

const NEAR = './clients/near-cache.mjs';
const NEAR_RIVALS = './clients/near-rivals.mjs';

/** Hits in the process, beside the first layers of others, which have no bound on what they serve. */
const near = [
  { id: 'text', title: 'a text of 100 bytes', ...TEXT },
  { id: 'json', title: 'an object of 1 KB', values: 'json', size: 1000 },
].flatMap(({ id, title, values, size }) =>
  ['same', 'copy'].flatMap((share) => {
    const how = share === 'same' ? 'Same' : 'Copy';
    const rivals = (method) => [
      {
        name: 'BentoCache',
        kind: 'rival',
        client: { module: NEAR_RIVALS, export: `openBento${how}${method}` },
      },
      { name: 'cacheable', kind: 'rival', client: { module: NEAR_RIVALS, export: `openCacheable${method}` } },
    ];
    return [
      ['getOrSet', `open${how}`, ''],
      ['@Cacheable', `openMethod${how}`, 'Method'],
    ].map(([call, open, method]) => ({
      id: `near-${id}-${share}${call === 'getOrSet' ? '' : '-method'}`,
      title: `near hit of ${title} by ${call}, ${share === 'same' ? 'one object for all' : 'an object for each'}`,
      kind: 'cache',
      params: { loops: 1, inProcess: true, values, size },
      budget: { full: { warmupMs: 2000, measureMs: 2000 }, quick: { warmupMs: 1500, measureMs: 500 } },
      contenders: [{ name: OURS, kind: 'ours', client: { module: NEAR, export: open } }, ...rivals(method)],
      targets: [
        ...(share === 'same' && call === 'getOrSet' ? [{ atLeast: 2_000_000 }] : []),
        ...(share === 'copy' && id === 'json' && call === 'getOrSet' ? [{ atLeast: 600_000 }] : []),
        { against: RIVALS, atLeast: 8 },
      ],
    }));
  }),
);

/** By how much it grows with what is kept. A million, which take minutes to be read twice, are kept in `micro/near-cache.mjs`. */
const nearGrowth = [1000, 100_000].map((keys) => ({
  id: `near-keys-${keys}`,
  title: `near hit of one of ${keys.toLocaleString('en')} texts`,
  kind: 'cache',
  params: { loops: 1, inProcess: true, keys, values: 'text', size: 20, passes: 2 },
  budget: { full: { warmupMs: 3000, measureMs: 3000 }, quick: { warmupMs: 1500, measureMs: 1000 } },
  contenders: [{ name: OURS, kind: 'ours', client: { module: NEAR, export: 'openForLong' } }],
  targets: [],
}));

const CACHE_MANAGERS = [
  { name: OURS, kind: 'ours', client: { module: './clients/cache-manager-store.mjs' } },
  {
    name: 'cache-manager + @keyv/memcache',
    kind: 'rival',
    client: { module: './clients/cache-manager.mjs' },
  },
];

/** What is put under cache-manager and the throttler, beside what people put there today. */
const adapters = [
  ...[
    { id: 'get', title: 'get, 64 in flight', params: { command: 'get', loops: 64 } },
    { id: 'set', title: 'set, 64 in flight', params: { command: 'set', loops: 64 } },
    {
      id: 'mget',
      title: 'mget of 100 keys',
      params: { command: 'getMany', loops: 8, perCall: 100 },
      unit: 'keys/s',
    },
  ].map(({ id, title, params, ...others }) => ({
    id: `cache-manager-${id}`,
    title: `cache-manager's ${title}`,
    kind: 'commands',
    params: { ...params, ...TEXT },
    contenders: CACHE_MANAGERS,
    targets: [{ against: RIVALS, atLeast: 3 }],
    ...others,
  })),
  {
    id: 'cache-manager-away',
    title: "cache-manager's get while the server is away",
    kind: 'away',
    params: {},
    figure: 'p50',
    contenders: CACHE_MANAGERS,
    targets: [{ atMost: 1 }],
  },
  {
    id: 'throttler',
    title: 'hits on the storage of @nestjs/throttler, 64 in flight',
    kind: 'throttler',
    params: { loops: 64 },
    unit: 'hits/s',
    contenders: [
      { name: OURS, kind: 'ours', client: { module: './clients/throttler-storage.mjs' } },
      {
        name: '@nest-lab/throttler-storage-redis',
        kind: 'redis',
        client: { module: './clients/throttler-storage.mjs', export: 'openRedis' },
      },
    ],
    targets: [{ against: REDIS, atLeast: 1 }],
  },
];

const NEST = ['@nestjs/common', '@nestjs/core'];
/** The modules of Node that a client of memcached needs who speaks TLS, compresses and seals. */
const NODE = ['buffer', 'crypto', 'dns', 'events', 'net', 'tls', 'v8', 'zlib'].map((name) => `node:${name}`);

/** What a process pays before it has served anything, and what a client holds that does nothing. */
const start = [
  {
    id: 'start-import-client',
    title: 'import of the client alone',
    params: { what: 'import', before: [] },
    contenders: [
      { name: "Node's modules", kind: 'floor', params: { modules: NODE } },
      { name: OURS, kind: 'ours', params: { modules: ['ours:client.js'] } },
      ...['memjs', 'memcached', 'memcache'].map((name) => ({
        name,
        kind: 'rival',
        params: { modules: [name] },
      })),
    ],
    targets: [{ atMost: 20 }],
  },
  {
    id: 'start-import',
    title: "import beyond Nest's own",
    params: { what: 'import', before: NEST },
    contenders: [
      { name: OURS, kind: 'ours', params: { modules: ['ours:index.js'] } },
      {
        name: '@nestjs/cache-manager + @keyv/memcache',
        kind: 'rival',
        params: { modules: ['@nestjs/cache-manager', 'cache-manager', '@keyv/memcache'] },
      },
      { name: 'BentoCache', kind: 'rival', params: { modules: ['bentocache', 'bentocache/drivers/memory'] } },
    ],
    targets: [{ atMost: 30 }],
  },
  ...[
    { id: 'start-boot', what: 'boot', title: 'boot of the module, everything being loaded' },
    { id: 'start-first-answer', what: 'first answer', title: 'first answer of a cold process' },
  ].map(({ id, what, title }) => ({
    id,
    title,
    params: { what },
    contenders: [
      { name: 'a constant', kind: 'floor', params: { app: 'constant' } },
      { name: OURS, kind: 'ours', params: { app: 'cacheable' } },
      { name: '@nestjs/cache-manager + @keyv/memcache', kind: 'rival', params: { app: 'cache-manager' } },
    ],
    targets: [],
  })),
  ...[3, 100].map((servers) => ({
    id: `idle-${servers}`,
    title: `memory of an idle client, ${servers} servers`,
    params: { what: 'idle' },
    figure: 'growthMib',
    servers,
    contenders: clients({ kinds: ['ours', 'rival'], except: ['memcache-client', '@keyv/memcache'] }),
    targets: [],
  })),
].map((workload) => ({ kind: 'start', figure: 'ms', ...workload }));

/** The last of each may cost at most this much more per key than the cheapest before it. */
const FLAT = 1.5;

const growth = [
  ...[1, 10, 100].map((servers) => ({
    id: `growth-servers-${servers}`,
    group: 'servers, 64 in flight to each',
    title: `get, ${servers === 1 ? '1 server' : `${servers} servers`}`,
    kind: 'commands',
    params: { command: 'get', loops: 64 * servers, ...TEXT },
    servers,
  })),
  ...[1, 64, 1_000, 10_000, 100_000].map((loops) => ({
    id: `growth-in-flight-${loops}`,
    group: 'requests in flight',
    title: `get, ${inFlight(loops)}`,
    kind: 'commands',
    params: { command: 'get', loops, ...TEXT },
  })),
  ...[10, 100, 1_000, 10_000].map((perCall) => ({
    id: `growth-keys-${perCall}`,
    group: 'keys per getMany',
    title: `getMany of ${perCall.toLocaleString('en')} keys`,
    kind: 'commands',
    params: { command: 'getMany', loops: 1, perCall, keys: 10_000, ...TEXT },
  })),
].map((workload) => ({
  ...workload,
  figure: 'cpuMicros',
  flat: FLAT,
  contenders: FLOOR_AND_OURS,
  targets: [],
}));

export const WORKLOADS = [
  ...commands,
  ...channels,
  ...values,
  ...routing,
  ...cache,
  ...near,
  ...nearGrowth,
  ...adapters,
  ...start,
  ...growth,
].map((workload) => ({
  figure: 'rate',
  servers: 1,
  ...workload,
}));

function inFlight(loops) {
  return `${loops.toLocaleString('en')} in flight`;
}
