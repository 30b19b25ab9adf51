import { expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { UnsupportedError } from '../../lib/errors.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';

describeReal('a memcached without cas tokens (-C)', () => {
  it.each(['meta', 'classic'] as const)('takes no update, and the error says why (%s)', async (protocol) => {
    await using server = await startMemcached({ args: ['-C'] });
    const client = new MemcachedClient({ servers: server.address, protocol });
    const cache = new CacheEngine(new ClientStore(client));
    const add = (): Promise<number> => cache.update<number>('n', (n) => n + 1, { initial: 0 });
    await expect(cache.set('n', 5)).resolves.toBe(true);
    for (const asked of [add(), add(), cache.items.add('n', 1)]) {
      await expect(asked).rejects.toThrow(UnsupportedError);
      await expect(asked).rejects.toThrow(`its server ${server.address} gives items no cas tokens`);
    }
    await expect(cache.update('missing', () => 1)).rejects.toThrow('without -C');
    await expect(cache.get('n')).resolves.toBe(5);
    await cache.close();
    await client.close();
  });
});
