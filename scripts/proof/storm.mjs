import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { olderReads, SlowDatabase } from '../../test/cache/processes/fleet.mjs';
import { Fleet } from './fleet.mjs';
import { startServers } from './memcached.mjs';

const SERVERS = 3;
const READERS = 3;
const WRITERS = 2;
const KEYS = 200;

/** How many read, and how many write, at once in one process. */
const CALLERS = { readers: 10, writers: 8 };

/** A row takes half of this on average until it is there. */
const DATABASE_MS = 100;

/** Beyond a pause, nothing keeps a reply so long but a busy machine. */
const COMMAND_TIMEOUT = { paused: '200ms', otherwise: '10s' };

/** A killed reader is missed for so long. */
const LEASE = '1s';

/** Of the time of a storm: when the server is paused, and when it goes on. */
const PAUSE = { from: 0.35, to: 0.65 };

/**
 * An invalidation that a paused server is owed reaches it when its writer does; another process may be there first.
 * Who reads an old value so long after the server is back has no such excuse.
 */
const OWED_MS = 2000;

const PAID_LIMIT_MS = 60_000;

/** Mean time between two readers that are killed. */
const KILL_EVERY_MS = 1000;

/**
 * Three processes read and two write, for so many seconds; then it is asked what every process is served at rest.
 *
 * @param libDir the cache they use.
 * @param how `seconds`; `tags` to invalidate by tag; `paused` to stop a server in the middle and let it go on;
 *   `killed` to kill readers at random, each of which is replaced; `tell(text)` is told how far it is.
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
    const writers = await fleet.start(WRITERS);
    const readers = await fleet.start(READERS);
    const run = (worker, callers) =>
      worker
        .call('storm', { readers: 0, writers: 0, ...callers, keys: KEYS, forMs: left(), policy, tags })
        .catch((error) => {
          // What a killed process has read is lost with it.
          if (fleet.has(worker)) throw error;
        });
    const results = writers.map((worker) => run(worker, { writers: CALLERS.writers }));
    const read = (worker) => void results.push(run(worker, { readers: CALLERS.readers }));
    for (const worker of readers) read(worker);

    let kills = 0;
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
      const index = Math.floor(Math.random() * readers.length);
      await fleet.kill(readers[index]);
      kills += 1;
      [readers[index]] = await fleet.start(1);
      if (left() > 0) read(readers[index]);
    }
    const storms = (await Promise.all(results)).filter((result) => result !== undefined);
    tell('at rest');
    await Promise.race([
      Promise.all([...writers, ...readers].map((worker) => worker.call('paid'))),
      tooLate(),
    ]);
    const served = await Promise.all(
      [...writers, ...readers].map((worker) => worker.call('settle', { keys: KEYS, policy, tags })),
    );
    const reads = storms.flatMap((one) => one.reads);
    const invalidations = storms.flatMap((one) => one.invalidations);
    const older = olderReads(reads, invalidations);
    const owed =
      away === undefined ? [] : await owedReads(libDir, { reads, invalidations, older, away, tags });
    return {
      staleKeys: database.rows.filter((row, key) => served.some((values) => values[key] < row)).length,
      keys: KEYS,
      olderReads: older.length - owed.length,
      owedReads: owed.length,
      owedForMs: Math.max(0, ...owed.map(([, , began]) => (began - away.to) / 1000)),
      reads: reads.length,
      invalidations: invalidations.length,
      loads: database.loads,
      kills,
      longestWaitMs: Math.max(...storms.map(({ counters }) => counters.longestWaitMs)),
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
