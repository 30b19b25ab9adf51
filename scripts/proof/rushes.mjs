import { quantile, SlowDatabase } from '../../test/cache/processes/fleet.mjs';
import { Fleet } from './fleet.mjs';
import { startServers } from '../memcached.mjs';

const PROCESSES = 4;

const STAMPEDE = { fleets: 5, keys: 20, callers: 50, loadMs: 100 };
const KILLED = { callers: 5, loadMs: 20, policy: { lease: '2s' } };
const HOT = { everyMs: 5, forMs: 12_000, loadMs: 300, policy: { ttl: '3s', refreshAhead: 0.6 } };
const LOST = { servers: 3, reads: 5000, commandTimeout: '200ms' };
const UPDATES = { callers: 25, times: 20, initial: 10_000 };

/** All callers of all processes want the same cold keys at once; in fleet after fleet, each with new processes. */
export async function stampede(libDir, { tell }) {
  const keys = Array.from({ length: STAMPEDE.keys }, (_, index) => `cold:${index}`);
  tell(`${STAMPEDE.fleets} times ${PROCESSES} processes × ${STAMPEDE.callers} callers × ${keys.length} keys`);
  const results = [];
  for (let count = 0; count < STAMPEDE.fleets; count += 1) {
    results.push(await withFleet(libDir, {}, (workers) => rush(workers, { ...STAMPEDE, keys })));
  }
  const most = (figure) => Math.max(...results.map((result) => result[figure]));
  return {
    loadsPerKey: most('loadsPerKey'),
    mostLoads: most('mostLoads'),
    longestWaitMs: most('longestWaitMs'),
    longestWaitsMs: results.map(({ longestWaitMs }) => longestWaitMs),
  };
}

/** A process that computes a value is killed, while the others want it. */
export function winnerKilled(libDir, { tell }) {
  return withFleet(libDir, {}, async ([winner, ...others]) => {
    await winner.call('seize', { key: 'seized', policy: KILLED.policy });
    tell('killed who computes');
    const rushed = rush(others, { ...KILLED, keys: ['seized'] });
    await winner.kill();
    return rushed;
  });
}

async function rush(workers, args) {
  const results = await Promise.all(workers.map((worker) => worker.call('stampede', args)));
  const wrong = results.flatMap((result) => result.wrong);
  if (wrong.length > 0) throw new Error(`wrong values were read: ${JSON.stringify(wrong)}`);
  const loads = args.keys.map((key) => results.reduce((sum, result) => sum + (result.loads[key] ?? 0), 0));
  return {
    loadsPerKey: loads.reduce((sum, times) => sum + times, 0) / loads.length,
    mostLoads: Math.max(...loads),
    longestWaitMs: Math.max(...results.map(({ longestMs }) => longestMs)),
  };
}

/** All processes read one key at a steady pace, while its value comes due again and again. */
export function hotKey(libDir, { tell }) {
  return withFleet(libDir, {}, async (workers) => {
    await workers[0].call('get', { key: 'hot', value: 'value', policy: HOT.policy });
    const misses = async () => {
      const counters = await Promise.all(workers.map((worker) => worker.call('counters')));
      return counters.reduce((sum, { miss }) => sum + miss, 0);
    };
    const before = await misses();
    tell(`${PROCESSES} processes × ${1000 / HOT.everyMs} reads a second`);
    const results = await Promise.all(workers.map((worker) => worker.call('steady', { key: 'hot', ...HOT })));
    const waits = results.flatMap((result) => result.waits);
    const loads = results.flatMap((result) => result.loads);
    const sizes = burstSizes(loads, HOT.loadMs * 1000);
    return {
      loadsPerKey: loads.length / sizes.length,
      mostLoads: Math.max(...sizes),
      timesDue: sizes.length,
      waitingReads: (await misses()) - before,
      reads: waits.length,
      p99Ms: quantile(waits, 0.99),
      longestWaitMs: Math.max(...waits),
    };
  });
}

/** @returns how many times follow each other within so little. */
function burstSizes(times, within) {
  const sizes = [];
  let last = -Infinity;
  for (const time of times.toSorted((a, b) => a - b)) {
    if (time - last > within) sizes.push(0);
    sizes[sizes.length - 1] += 1;
    last = time;
  }
  return sizes;
}

/**
 * One process reads key after key, while none of the servers answers; loading takes no time.
 *
 * @param how `lose(servers, index)` makes a server answer no more; `tell(text)` is told how far it is.
 */
export function lostServers(libDir, { lose, tell }) {
  const { commandTimeout, reads } = LOST;
  const how = { servers: LOST.servers, processes: 1, clientOptions: { commandTimeout } };
  return withFleet(libDir, how, async ([worker], servers) => {
    await worker.call('series', { prefix: 'before:', reads });
    for (let index = 0; index < LOST.servers; index += 1) await lose(servers, index);
    tell(`${reads} reads`);
    const waits = await worker.call('series', { prefix: 'lost:', reads });
    return {
      timedReads: reads,
      slowReads: waits.filter((wait) => wait >= 1).length,
      p99Ms: quantile(waits, 0.99),
      longestWaitMs: Math.max(...waits),
    };
  });
}

/** All callers of all processes take from one counter. */
export function updates(libDir, { cacheOptions, tell }) {
  return withFleet(libDir, { cacheOptions }, async (workers) => {
    const count = PROCESSES * UPDATES.callers * UPDATES.times;
    tell(`${PROCESSES} processes × ${UPDATES.callers} callers × ${UPDATES.times} updates`);
    const results = await Promise.all(
      workers.map((worker) => worker.call('take', { key: 'stock', ...UPDATES })),
    );
    const left = await workers[0].call('get', { key: 'stock', value: 0 });
    const counters = await Promise.all(workers.map((worker) => worker.call('counters')));
    const retries = results.reduce((sum, result) => sum + result.retries, 0);
    return {
      lostUpdates: count - (UPDATES.initial - left),
      updates: count,
      attempts: 1 + retries / count,
      mostAttempts: Math.max(...results.map(({ mostAttempts }) => mostAttempts)),
      longestWaitMs: Math.max(...counters.map(({ longestWaitMs }) => longestWaitMs)),
    };
  });
}

async function withFleet(libDir, how, work) {
  const { servers: count = 1, processes = PROCESSES, clientOptions, cacheOptions } = how;
  const servers = await startServers(count);
  const fleet = new Fleet({
    libDir,
    database: new SlowDatabase(0, 0),
    clientOptions: {
      servers: servers.addresses,
      commandTimeout: '10s',
      connectTimeout: '10s',
      ...clientOptions,
    },
    cacheOptions,
  });
  try {
    return await work(await fleet.start(processes), servers);
  } finally {
    await fleet.stop();
    await servers.stop();
  }
}
