import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { CommandTimeoutError } from '../../lib/errors.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { describeReal, type RealMemcached, startMemcached } from '../support/real-memcached.js';

describeReal('a cache on a memcached that fails', () => {
  let server: RealMemcached;
  let client: MemcachedClient;
  let cache: CacheEngine;
  let errors: unknown[];

  beforeEach(async () => {
    server = await startMemcached();
    client = new MemcachedClient({
      servers: [server.address],
      commandTimeout: '100ms',
      connectTimeout: '10s',
    });
    errors = [];
    cache = new CacheEngine(
      new ClientStore(client),
      {},
      {
        observer: (what, _key, error) => void (what === 'storeError' && errors.push(error)),
      },
    );
    await client.connect();
  });
  afterEach(async () => {
    await cache.close();
    await client.close();
    await server.stop();
  });

  const get = (key: string): Promise<string> => cache.getOrSet(key, () => Promise.resolve(`value of ${key}`));
  /** The client has found the server to be back. */
  const up = async (): Promise<void> => {
    while (client.topology()[0].state !== 'up') await once(client, 'node');
  };
  const timeouts = (): number => errors.filter((error) => error instanceof CommandTimeoutError).length;

  it('returns what the loader returns when the server is gone', async () => {
    await get('a');
    await server.stop();
    for (const key of ['a', 'b', 'c']) await expect(get(key)).resolves.toBe(`value of ${key}`);
    expect(timeouts()).toBe(0);
  });

  it('waits for a server that hangs once, and not again until it is back', async () => {
    await get('a');
    await server.pause();
    const first = await Promise.all(['a', 'b', 'c', 'd'].map(get));
    expect(first).toEqual(['a', 'b', 'c', 'd'].map((key) => `value of ${key}`));
    const waited = timeouts();
    expect(waited).toBeGreaterThan(0);
    for (let call = 0; call < 100; call += 1) await get(`later ${call}`);
    expect(timeouts()).toBe(waited);
    server.kill('SIGCONT');
    await up();
    await get('back');
    await expect(cache.get('back')).resolves.toBe('value of back');
  });

  it('makes up for what was invalidated while the server hung, before it reads from it again', async () => {
    await cache.set('k', 'old');
    await server.pause();
    await cache.invalidate('k');
    server.kill('SIGCONT');
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await up();
    await expect(cache.getOrSet('k', () => 'new')).resolves.toBe('new');
  });

  it('makes up for tags, too', async () => {
    await cache.getOrSet('k', () => 'old', { tags: ['x'] });
    await server.pause();
    await cache.invalidateTags('x');
    server.kill('SIGCONT');
    await expect(cache.getOrSet('k', () => 'new', { tags: ['x'] })).resolves.toBe('new');
    await up();
    await expect(cache.getOrSet('k', () => 'new', { tags: ['x'] })).resolves.toBe('new');
  });

  it('returns values that are too large to be stored', async () => {
    const large = 'x'.repeat(2_000_000);
    await expect(cache.getOrSet('large', () => large)).resolves.toBe(large);
    expect(errors).toHaveLength(1);
    await expect(cache.getOrSet('large', () => 'small')).resolves.toBe('small');
    await expect(cache.get('large')).resolves.toBe('small');
  });
});
