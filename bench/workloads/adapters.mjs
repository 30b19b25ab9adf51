import { once } from 'node:events';
import { createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Latency } from '../measure/latency.mjs';
import { Run, take } from '../measure/run.mjs';

/** Visitors whose hits are counted. */
const KEYS = 1000;

/** No hit is over it: a storage that blocks would be asked for something else. */
const LIMIT = 1_000_000_000;

const WINDOW_MS = 60_000;

/**
 * Loops of hits on a throttler's storage, each of another visitor.
 *
 * @param {object} storage with `increment`, as `@nestjs/throttler` calls it, and `close`.
 */
export async function measureThrottler(storage, { loops }, budget) {
  const keys = Array.from({ length: KEYS }, (_, index) => `visitor-${index}`);
  const run = new Run(KEYS);
  const hits = async () => {
    while (run.going) {
      const key = keys[run.next()];
      const { totalHits, isBlocked } = await storage.increment(key, WINDOW_MS, LIMIT, WINDOW_MS, 'bench');
      if (isBlocked || !(totalHits >= 1)) throw new Error(`${key}: blocked, or not counted`);
      run.tick();
    }
  };
  const figures = await take(run, () => Array.from({ length: loops }, hits), budget);
  await storage.close();
  return figures;
}

/**
 * One read after another of a cache whose server is not there, since it was found to be away.
 *
 * @param {(servers: string[]) => Promise<object>} open a client with `get`, which may fail.
 */
export async function measureAway(open, budget) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = await open([`127.0.0.1:${server.address().port}`]);
  server.close();
  await once(server, 'close');
  const run = new Run(KEYS);
  const latency = new Latency();
  const read = async () => {
    while (run.going) {
      const startedAt = performance.now();
      const value = await client.get(`key-${run.next()}`).catch(() => undefined);
      if (run.counting) latency.record(performance.now() - startedAt);
      if (value !== undefined) throw new Error('a value came of a server that is not there');
      run.tick();
      // What needs no server may need no turn of the event loop either, and would leave none to the clock.
      await setImmediate();
    }
  };
  const figures = await take(run, () => [read()], budget);
  await Promise.resolve(client.close()).catch(() => undefined);
  return { ...figures, ...latency.figures() };
}
