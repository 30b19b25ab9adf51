import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Shares of the keys that the two embedded servers get. */
const WEIGHTS = [1, 2];

/**
 * The servers of the demo: those of `MEMCACHED_SERVERS`, or two embedded ones, each in a thread of this process.
 *
 * @returns {Promise<{ list: string, embedded: EmbeddedMemcached[], close(): Promise<void> }>} `list` is in the form
 *   that the shop's `MEMCACHED_SERVERS` has.
 */
export async function startMemcached(given = process.env.MEMCACHED_SERVERS) {
  if (given) return { list: given, embedded: [], close: async () => {} };
  const embedded = WEIGHTS.map(() => new EmbeddedMemcached());
  await Promise.all(embedded.map((server) => server.start()));
  return {
    list: embedded.map(({ address }, index) => `${address}=${WEIGHTS[index]}`).join(),
    embedded,
    close: async () => {
      await Promise.all(embedded.map((server) => server.stop()));
    },
  };
}

/** A memcached that can be stopped, and started again where it was. */
class EmbeddedMemcached {
  #worker;

  /** `host:port`, known from the first start on. */
  address;

  isRunning = false;

  async start() {
    this.#worker = new Worker(new URL('memcached-thread.mjs', import.meta.url), {
      workerData: { port: this.address === undefined ? 0 : Number(this.address.split(':')[1]) },
    });
    [this.address] = await once(this.#worker, 'message');
    this.isRunning = true;
  }

  /** Ends like a process that was killed: its connections break and further ones are refused. */
  async stop() {
    this.isRunning = false;
    await this.#worker.terminate();
  }
}
