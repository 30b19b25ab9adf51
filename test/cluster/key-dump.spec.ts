import { afterEach, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

describeReal('the keys of a server', () => {
  let server: RealMemcached;
  let client: MemcachedClient;

  const start = async (...args: string[]): Promise<void> => {
    server = await startMemcached({ args });
    client = new MemcachedClient({ servers: server.address, commandTimeout: '300ms' });
  };
  const listed = async (limit?: number): Promise<string[]> => {
    const keys: string[] = [];
    for await (const key of client.keys({ limit })) keys.push(key);
    return keys;
  };
  const failure = (): Promise<unknown> => listed().catch((error: unknown) => error);

  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  it('come without the prefix, and only those that have it', async () => {
    await start();
    const prefixed = new MemcachedClient({ servers: server.address, keyPrefix: 'shop:' });
    await prefixed.setMany({ a: 1, naïve: 2 });
    await client.set('other', 3);
    const keys: string[] = [];
    for await (const key of prefixed.keys()) keys.push(key);
    expect(keys.toSorted()).toStrictEqual(['a', 'naïve']);
    expect((await listed()).toSorted()).toStrictEqual(['other', 'shop:a', 'shop:naïve']);
    await prefixed.close();
  });

  it('are taken no faster than they are wanted, many thousands of them', async () => {
    await start();
    const names = Array.from({ length: 10_000 }, (_, index) => `key:${index}`);
    for (let first = 0; first < names.length; first += 1000) {
      const some = names.slice(first, first + 1000);
      const { failures } = await client.setMany(
        some.map((name) => [name, 1]),
        { timeout: '30s' },
      );
      expect(failures).toStrictEqual([]);
    }
    const seen = new Set<string>();
    for await (const key of client.keys()) {
      seen.add(key);
      // Now and then the reader has something else to do.
      if (seen.size % 3000 === 0) await client.get(key);
    }
    expect(seen.size).toBe(names.length);
  });

  it('are listed for several at once, one after another', async () => {
    await start();
    const names = Array.from({ length: 2000 }, (_, index) => `key:${index}`);
    await client.setMany(names.map((name) => [name, 1]));
    const other = new MemcachedClient({ servers: server.address });
    const counts = await Promise.all([
      ...[listed(), listed(), listed()].map(async (keys) => (await keys).length),
      (async () => {
        let count = 0;
        for await (const _ of other.keys()) count += 1;
        return count;
      })(),
    ]);
    expect(counts).toStrictEqual([2000, 2000, 2000, 2000]);
    await other.close();
  });

  it('are not listed by a server that is told not to, which says so', async () => {
    await start('-o', 'no_lru_crawler');
    await client.set('a', 1);
    expect(await failure()).toMatchObject({
      code: 'MEMCACHED_SERVER',
      message: expect.stringContaining('no_lru_crawler'),
    });
  });

  it('end with an error when the server does', async () => {
    await start();
    await server.stop();
    expect(await failure()).toMatchObject({ code: 'MEMCACHED_CONNECTION', server: server.address });
  });

  it('end with an error when the server falls silent', async () => {
    await start();
    await client.set('a', 1);
    await server.pause();
    expect(await failure()).toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
  });

  it('are as many as wanted, and none for none', async () => {
    await start();
    await client.setMany({ a: 1, b: 2, c: 3 });
    expect(await listed(2)).toHaveLength(2);
    expect(await listed(0)).toStrictEqual([]);
    await expect(listed(-1)).rejects.toMatchObject({ code: 'MEMCACHED_INVALID_ARGUMENT' });
  });
});
