import type { MemcachedClient } from '../client/client.js';
import { MemcachedError } from '../errors.js';

/** Keys remembered at most; beyond that the longest known are forgotten, whose stubs end with their leases. */
const MAX_REMEMBERED = 10_000;

/**
 * Leases that may have been given out without anybody knowing: the server carried out the read, and its answer came too
 * late or was lost with its connection.
 *
 * Nobody would use such a lease, and everybody would wait for it. So the key is looked at again, at once and when its
 * server is back, and a stub that nobody of this process uses is removed; the right to refresh a value that is marked stale
 * is given back. It may be another process's: that one then returns its value without storing it, which is harmless.
 */
export class LostLeases {
  readonly #client: MemcachedClient;
  readonly #keys = new Map<string, (cas: string) => boolean>();

  constructor(client: MemcachedClient) {
    this.#client = client;
    client.on('node', ({ state }) => {
      if (state === 'up') for (const key of this.#keys.keys()) void this.#look(key);
    });
  }

  /** Has a key looked at after a read of it failed. */
  add(key: string, error: unknown, isUsed: (cas: string) => boolean): void {
    const unknown = error instanceof MemcachedError && 'outcome' in error && error.outcome === 'unknown';
    if (!unknown || this.#keys.has(key)) return;
    if (this.#keys.size >= MAX_REMEMBERED) this.#keys.delete(this.#keys.keys().next().value as string);
    this.#keys.set(key, isUsed);
    void this.#look(key);
  }

  /** Asks behind everything that is on its way to the server, so that what the lost read has left is there. */
  async #look(key: string): Promise<void> {
    try {
      const { hit, cas, won, busy, stale } = await this.#client.leaseGet(key, {
        leaseSeconds: 0,
        codec: BYTES,
      });
      const isUsed = this.#keys.get(key);
      this.#keys.delete(key);
      const lost = won || (busy && isUsed?.(cas) === false);
      if (!lost) return;
      if (!hit) await this.#client.invalidateKey(key, { cas });
      else if (stale) await this.#client.invalidateKey(key, { cas, stale: 'rest' });
    } catch {
      // Looked at again when the server is back.
    }
  }
}

/** What is there is not of interest. */
const BYTES = { encode: () => ({ data: Buffer.alloc(0), flags: 0 }), decode: () => undefined };
