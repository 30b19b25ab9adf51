import { tlsOptions } from '../servers.mjs';

/** How each kind of workload is measured; what it needs is loaded only by the cells that measure it. */
const KINDS = {
  commands: async (order) => {
    const { measureCommands } = await import('./commands.mjs');
    return measureCommands(await openClient(order), order.params, order.budget, order.callbacks);
  },
  cache: async (order) => {
    const { measureWarmCache } = await import('./cache.mjs');
    return measureWarmCache(await openClient(order), order.params, order.budget);
  },
  throttler: async (order) => {
    const { measureThrottler } = await import('./adapters.mjs');
    return measureThrottler(await openClient(order), order.params, order.budget);
  },
  away: async (order) => {
    const { measureAway } = await import('./adapters.mjs');
    return measureAway((servers) => openClient({ ...order, servers }), order.budget);
  },
  codec: async ({ params, budget, from }) => {
    const { measureCodec } = await import('./codec.mjs');
    return measureCodec(params, budget, from);
  },
  routing: async ({ params, budget, from }) => {
    const { measureRouting } = await import('./routing.mjs');
    return measureRouting(params, budget, from);
  },
  http: async ({ params, budget, servers, from }) => {
    const { measureHttp } = await import('./http.mjs');
    return measureHttp(params, budget, servers, from);
  },
  start: async ({ params, servers, client, from }) => {
    const { measureStart } = await import('./start.mjs');
    return measureStart(params, servers, { client, from });
  },
};

/**
 * @param {object} order what to measure.
 * @param {keyof KINDS} order.kind
 * @param {object} order.params of the workload and the contender.
 * @param {{ warmupMs: number, measureMs?: number, operations?: number }} order.budget
 * @param {string[]} order.servers addresses of memcached.
 * @param {string} [order.redis] address of a Redis.
 * @param {{ module: string, export?: string }} [order.client] what opens the client.
 * @param {boolean} [order.callbacks] whether to do without promises.
 * @param {string} [order.from] another build of the library, by its URL.
 * @returns {Promise<Record<string, number>>} figures by name.
 */
export function measureCell(order) {
  return KINDS[order.kind](order);
}

async function openClient({ client, servers, redis, params, from }) {
  const { [client.export ?? 'open']: open } = await import(
    new URL(client.module, new URL('../', import.meta.url)).href
  );
  return open({
    servers,
    redis,
    tls: params.tls ? tlsOptions() : undefined,
    values: params.values,
    ...(from && { from }),
  });
}
