import { expect } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '../../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../../lib/client/client.js';
import type { MemcachedCacheOptions } from '../../../lib/options/cache-options.js';
import type { MemcachedClientOptions } from '../../../lib/options/client-options.js';
import { ClientStore } from '../../../lib/store/client-store.js';

/** As old as what is served out of a process may be. */
export const MAX_AGE_MS = 200;

/** The options of those that have a near cache. */
export const NEAR: MemcachedCacheOptions = { near: { maxAge: MAX_AGE_MS } };

export const KEY_PREFIX = 'app:';

/** What stands for a process. */
export interface Member {
  readonly client: MemcachedClient;
  readonly cache: CacheEngine;
}

/** Processes that share servers. */
export class Members {
  readonly #members: Member[] = [];

  start(
    servers: MemcachedClientOptions['servers'],
    cacheOptions: MemcachedCacheOptions = {},
    clientOptions: MemcachedClientOptions = {},
  ): Member {
    const client = new MemcachedClient({
      servers,
      failuresToDown: 1,
      commandTimeout: '2s',
      keyPrefix: KEY_PREFIX,
      ...clientOptions,
    });
    const member = {
      client,
      cache: new CacheEngine(new ClientStore(client), { lease: '2s', ...cacheOptions }),
    };
    this.#members.push(member);
    return member;
  }

  async close(): Promise<void> {
    for (const { cache, client } of this.#members.splice(0)) {
      await cache.close();
      await client.close();
    }
  }
}

/** Has a server say that there have been near caches for hours. */
export async function markLongAgo(server: string): Promise<void> {
  await using client = new MemcachedClient({ servers: server, keyPrefix: KEY_PREFIX });
  await client.set('~near', 'mark', { ttl: '20h' });
}

/** Reads keys until all reads of them are served by the near cache, five times in a row. */
export async function warm(
  { cache }: Member,
  keys: string | readonly string[],
  value: unknown,
  tags: string[] = [],
): Promise<void> {
  const reads = Array.from({ length: 5 }, () => keys).flat();
  for (;;) {
    const before = cache.near!.hits;
    for (const key of reads) expect(await cache.getOrSet(key, () => value, { tags })).toEqual(value);
    if (cache.near!.hits === before + reads.length) return;
    await wait(10);
  }
}

/** Reads until what was old is not served any more, and demands that this takes no longer than it may since something returned. */
export async function expectDropped(
  { cache }: Member,
  key: string,
  returnedAt: number,
  { old = 'old', fresh = 'new', tags = [] as string[] } = {},
): Promise<void> {
  for (;;) {
    const began = performance.now();
    const value = await cache.getOrSet(key, () => fresh, { tags, serveStale: false });
    if (value !== old) {
      expect(value).toBe(fresh);
      return;
    }
    expect(began - returnedAt).toBeLessThanOrEqual(MAX_AGE_MS);
    await wait(1);
  }
}
