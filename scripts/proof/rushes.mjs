import { SlowDatabase } from '../../test/cache/processes/fleet.mjs';
import { Fleet } from './fleet.mjs';
import { startServers } from './memcached.mjs';

const PROCESSES = 4;

const STAMPEDE = { keys: 20, callers: 50, loadMs: 100 };
const KILLED = { callers: 5, loadMs: 20, policy: { lease: '2s' } };
const UPDATES = { callers: 25, times: 20, initial: 10_000 };

/** All callers of all processes want the same cold keys at once. */
export function stampede(libDir, { tell }) {
  return withFleet(libDir, {}, async (workers) => {
    const keys = Array.from({ length: STAMPEDE.keys }, (_, index) => `cold:${index}`);
    tell(`${PROCESSES} processes × ${STAMPEDE.callers} callers × ${keys.length} keys`);
    return rush(workers, { ...STAMPEDE, keys });
  });
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

async function withFleet(libDir, { cacheOptions }, work) {
  const servers = await startServers(1);
  const fleet = new Fleet({
    libDir,
    database: new SlowDatabase(0, 0),
    clientOptions: { servers: servers.addresses, commandTimeout: '10s', connectTimeout: '10s' },
    cacheOptions,
  });
  try {
    return await work(await fleet.start(PROCESSES));
  } finally {
    await fleet.stop();
    await servers.stop();
  }
}
