import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { olderReads, SlowDatabase } from '../../test/cache/processes/fleet.mjs';
import { Fleet } from './fleet.mjs';
import { startServers } from '../memcached.mjs';

const SERVERS = 3;
const READERS = 3;
const WRITERS = 2;
const KEYS = 200;

/** What each process does: how many write, or read, at once in it. */
const ROLES = [
  ...Array.from({ length: WRITERS }, () => ({ readers: 0, writers: 8 })),
  ...Array.from({ length: READERS }, () => ({ readers: 10, writers: 0 })),
];

/** A row takes half of this on average until it is there. */
const DATABASE_MS = 100;

/** Beyond a pause, nothing keeps a reply so long but a busy machine. */
const COMMAND_TIMEOUT = { paused: '200ms', otherwise: '10s' };

/** Who is killed while it loads is missed for so long. */
const LEASE = '1s';

/** Of the time of a storm: when the server is paused, and when it goes on. */
const PAUSE = { from: 0.35, to: 0.65 };

/**
 * An invalidation that a paused server is owed reaches it when its writer does; another process may be there first.
 * Who reads an old value so long after the server is back has no such excuse.
 */
const OWED_MS = 2000;

const PAID_LIMIT_MS = 60_000;

/** Mean time between two processes that are killed. */
const KILL_EVERY_MS = 1000;

/**
 * Three processes read and two write, for so many seconds; then it is asked what every process is served at rest.
 *
 * @param libDir the cache they use.
 * @param how `seconds`; `tags` to invalidate by tag; `paused` to stop a server in the middle and let it go on;
 *   `killed` to kill processes at random, each of which is replaced; `tell(text)` is told how far it is.
 */
export async function storm(libDir, { seconds, tags = false, paused = false, killed = false, tell }) {
  const servers = await startServers(SERVERS);
  const database = new SlowDatabase(KEYS, DATABASE_MS);
  const policy = { lease: LEASE };
  const until = performance.now() + seconds * 1000;
  const left = () => until - performance.now();
  const progress = setInterval(
    () => tell(`${Math.ceil(left() / 1000)} s left, ${database.writes} writes, ${database.loads} loads`),
    500,
  );
  const fleet = new Fleet({
    libDir,
    database,
    clientOptions: {
      servers: servers.addresses,
      commandTimeout: paused ? COMMAND_TIMEOUT.paused : COMMAND_TIMEOUT.otherwise,
      connectTimeout: '10s',
    },
  });
  try {
    const workers = await fleet.start(ROLES.length);
    const dead = [];
    const results = [];
    const begin = (index) => {
      const worker = workers[index];
      const args = { ...ROLES[index], keys: KEYS, forMs: left(), policy, tags };
      const result = worker.call('storm', args).catch((error) => {
        if (fleet.has(worker)) throw error;
      });
      results.push(result);
    };
    for (const index of workers.keys()) begin(index);

    let away;
    if (paused) {
      await sleep(seconds * 1000 * PAUSE.from);
      servers.pause(1);
      const from = microseconds();
      await sleep(seconds * 1000 * (PAUSE.to - PAUSE.from));
      servers.resume(1);
      away = { address: servers.addresses[1], servers: servers.addresses, from, to: microseconds() };
    }
    while (killed && left() > KILL_EVERY_MS) {
      await sleep(Math.random() * 2 * KILL_EVERY_MS);
      const index = Math.floor(Math.random() * workers.length);
      dead.push(workers[index]);
      await fleet.kill(workers[index]);
      [workers[index]] = await fleet.start(1);
      if (left() > 0) begin(index);
    }
    const counters = (await Promise.all(results)).filter((result) => result !== undefined);
    tell('at rest');
    await Promise.race([Promise.all(workers.map((worker) => worker.call('paid'))), tooLate()]);
    const served = await Promise.all(
      workers.map((worker) => worker.call('settle', { keys: KEYS, policy, tags })),
    );
    const stale = database.rows.flatMap((row, key) =>
      served.some((values) => values[key] < row) ? [key] : [],
    );
    // Nobody can know that what a killed writer was writing has to be invalidated.
    const interrupted = new Set(dead.flatMap(({ writing }) => writing));
    const all = [...dead, ...workers];
    const reads = all.flatMap((worker) => worker.reads);
    const invalidations = all.flatMap((worker) => worker.invalidations);
    const older = olderReads(reads, invalidations);
    const owed =
      away === undefined ? [] : await owedReads(libDir, { reads, invalidations, older, away, tags });
    return {
      staleKeys: stale.filter((key) => !interrupted.has(key)).length,
      keys: KEYS,
      olderReads: older.length - owed.length,
      owedReads: owed.length,
      owedForMs: Math.max(0, ...owed.map(([, , began]) => (began - away.to) / 1000)),
      reads: reads.length,
      invalidations: invalidations.length,
      loads: database.loads,
      kills: dead.length,
      interruptedWrites: interrupted.size,
      longestWaitMs: Math.max(...counters.map(({ longestWaitMs }) => longestWaitMs)),
    };
  } finally {
    clearInterval(progress);
    await fleet.stop();
    await servers.stop();
  }
}

async function tooLate() {
  await sleep(PAID_LIMIT_MS, undefined, { ref: false });
  throw new Error(`a server was still owed an invalidation ${PAID_LIMIT_MS} ms after the storm`);
}

/** Of the older reads, those that are older only than invalidations that returned while their server was away. */
async function owedReads(libDir, { reads, invalidations, older, away, tags }) {
  const { MemcachedClient } = await import(`${pathToFileURL(libDir).href}/client/client.js`);
  const client = new MemcachedClient({ servers: away.servers });
  const concerned = (key) =>
    [`k${key}`, ...(tags ? [`~tag:t${key}`, `tag:t${key}`] : [])].some(
      (name) => client.serverFor(name) === away.address,
    );
  const end = away.to + OWED_MS * 1000;
  const arrived = invalidations.filter(
    ([key, , returned]) => returned < away.from || returned > end || !concerned(key),
  );
  const inexcusable = new Set(olderReads(reads, arrived));
  return older.filter((read) => !inexcusable.has(read) && read[2] < end);
}

/** On the clock that the processes of the fleet read. */
function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}
