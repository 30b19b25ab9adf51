import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Starts PostgreSQL without a PostgreSQL installed: PGlite, in a thread of this process and in memory.
 *
 * @returns {Promise<{ url: string, address: string, close(): Promise<void> }>}
 */
export async function startPostgres() {
  const worker = new Worker(new URL('postgres-thread.mjs', import.meta.url));
  const [address] = await once(worker, 'message');
  const url = `postgresql://postgres:postgres@${address}/postgres`;
  return { url, address, close: async () => void (await worker.terminate()) };
}
