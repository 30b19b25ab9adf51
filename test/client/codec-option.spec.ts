import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

describeReal('the codec option', () => {
  let server: RealMemcached;
  const clients: MemcachedClient[] = [];
  const connect = (options: MemcachedClientOptions): MemcachedClient => {
    const client = new MemcachedClient({ servers: server.address, ...options });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startMemcached();
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
  afterAll(() => server.stop());

  it('carries what structured clone carries', async () => {
    const value = {
      at: new Date(0),
      tags: new Set(['a']),
      by: new Map([[1n, /x/g]]),
      list: [undefined, Number.NaN],
    };
    const client = connect({});
    await client.set('rich', value);
    expect(await client.get('rich')).toStrictEqual(value);
    expect((await client.getMany(['rich'])).get('rich')).toStrictEqual(value);
  });

  it('refuses what would not come back, before anything is sent', async () => {
    const client = connect({});
    await expect(client.set('function', { deep: [() => 1] })).rejects.toMatchObject({
      code: 'MEMCACHED_CODEC',
    });
    expect(await client.get('function')).toBeUndefined();
  });

  it('compresses, so that values above the item limit fit', async () => {
    const client = connect({ codec: { compressOverBytes: 1000 } });
    const value = 'long '.repeat(500_000);
    await client.set('long', value, { ttl: '1m' });
    expect(await client.get('long')).toBe(value);
    expect(await client.gets('long')).toMatchObject({ value });
    expect((await client.getMany(['long'])).get('long')).toBe(value);
    expect(await client.lookup('long')).toMatchObject({ hit: true, value });
  });

  it('seals, bound to the key, and tells unreadable from missing', async () => {
    const seal = { keys: [{ id: 'k1', key: Buffer.alloc(32, 7) }] };
    const sealed = connect({ codec: { seal } });
    const raw = connect({ codec: 'raw' });
    await sealed.set('secret', { card: 4242 });
    expect(await sealed.get('secret')).toStrictEqual({ card: 4242 });
    const bytes = (await raw.get<Buffer>('secret'))!;
    expect(bytes.includes('4242')).toBe(false);
    await raw.set('moved', bytes);
    await expect(sealed.get('moved')).rejects.toMatchObject({ code: 'MEMCACHED_CODEC' });
    const many = await sealed.getMany(['secret', 'moved']);
    expect([...many.keys()]).toStrictEqual(['secret']);
    expect(many.failures).toMatchObject([{ keys: ['moved'], error: { code: 'MEMCACHED_CODEC' } }]);
  });

  it('takes a codec of the user, for one call too', async () => {
    const upper = {
      encode: (value: unknown) => ({ data: Buffer.from(String(value).toUpperCase()), flags: 7 }),
      decode: (data: Buffer) => data.toString(),
    };
    expect(await connect({ codec: upper }).set('mine', 'abc')).toBe(true);
    expect(await connect({}).get('mine', { codec: upper })).toBe('ABC');
  });

  it('names a codec that does not exist', () => {
    expect(() => connect({ codec: 'jsonn' as 'json' })).toThrow(/codec.*did you mean 'json'/);
  });
});
