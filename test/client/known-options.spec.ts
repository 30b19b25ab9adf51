import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { MemcachedServer } from '../../lib/testing/index.js';

type Call = (client: MemcachedClient, options: never) => unknown;

/** Every command, and what its message lists beside `signal` and `timeout`. */
const COMMANDS: Record<string, [call: Call, own: string]> = {
  get: [(client, options) => client.get('a', options), 'codec'],
  gets: [(client, options) => client.gets('a', options), 'codec'],
  getMany: [(client, options) => client.getMany(['a'], options), 'codec'],
  getsMany: [(client, options) => client.getsMany(['a'], options), 'codec'],
  set: [(client, options) => client.set('a', 1, options), 'ttl, codec'],
  add: [(client, options) => client.add('a', 1, options), 'ttl, codec'],
  replace: [(client, options) => client.replace('a', 1, options), 'ttl, codec'],
  cas: [(client, options) => client.cas('a', 1, '1', options), 'ttl, codec'],
  setMany: [(client, options) => client.setMany({ a: 1 }, options), 'ttl, codec'],
  append: [(client, options) => client.append('a', 'x', options), ''],
  prepend: [(client, options) => client.prepend('a', 'x', options), ''],
  delete: [(client, options) => client.delete('a', options), 'cas'],
  deleteMany: [(client, options) => client.deleteMany(['a'], options), ''],
  invalidateKey: [(client, options) => client.invalidateKey('a', options), 'stale, cas'],
  incr: [(client, options) => client.incr('n', 1, options), 'initial, ttl'],
  decr: [(client, options) => client.decr('n', 1, options), 'initial, ttl'],
  count: [(client, options) => client.count('n', options), 'by, initial, ttl'],
  touch: [(client, options) => client.touch('a', '1m', options), ''],
  getAndTouch: [(client, options) => client.getAndTouch('a', '1m', options), 'codec'],
  lookup: [(client, options) => client.lookup('a', options), 'codec'],
  metadebug: [(client, options) => client.metadebug('a', options), ''],
  leaseGet: [
    (client, options) => client.leaseGet('a', { leaseSeconds: 1, ...(options as object) }),
    'leaseSeconds, recacheSeconds, withoutValue, codec',
  ],
  renewLease: [(client, options) => client.renewLease('a', '1m', options), ''],
  stats: [(client, options) => client.stats('general', options), ''],
  version: [(client, options) => client.version(options), ''],
  flushAll: [(client, options) => client.flushAll(options), 'delay'],
  keys: [(client, options) => client.keys(options).next(), 'limit, server'],
};

describe('the options of a command', () => {
  let server: MemcachedServer;
  let client: MemcachedClient;
  beforeAll(async () => {
    server = await MemcachedServer.start();
    client = new MemcachedClient({ servers: server.address });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  const refusal = async (call: Call, options: unknown): Promise<{ code: string; message: string }> => {
    try {
      await call(client, options as never);
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('it was taken');
  };

  it.each(Object.entries(COMMANDS))('%s refuses what it does not know', async (name, [call, own]) => {
    const known = [own, 'signal, timeout'].filter((part) => part !== '').join(', ');
    for (const unknown of ['expires', 'toString', 'down']) {
      expect(await refusal(call, { timeout: 5000, [unknown]: 60 })).toMatchObject({
        code: 'MEMCACHED_INVALID_ARGUMENT',
        message: `${name}.${unknown}: unknown option; known are ${known}`,
      });
    }
    await call(client, { timeout: 5000, expires: undefined } as never);
  });

  it('serverFor refuses what it does not know', async () => {
    expect(() => client.serverFor('a', { dwon: [] } as never)).toThrow(
      'serverFor.dwon: unknown option; known are down',
    );
  });

  it('are refused before anything is sent', async () => {
    await refusal(COMMANDS.set[0], { tll: '5m' });
    expect(await client.get('a')).toBeUndefined();
    const { message } = await refusal((some) => some.setMany({ a: 1 }, { tll: 1 } as never), {});
    expect(message).toContain('setMany.tll');
    expect(await client.get('a')).toBeUndefined();
  });

  it('are not what somebody has given to every object', async () => {
    const options = Object.assign(Object.create({ foreign: 1 }), { ttl: '1m' }) as { ttl: '1m' };
    expect(await client.set('b', 1, options)).toBe(true);
  });

  it.each([
    ['set', 60, "{ ttl: '60s' }"],
    ['setMany', '5m', "{ ttl: '5m' }"],
    ['incr', 60, "{ ttl: '60s' }"],
    ['flushAll', 30, "{ delay: '30s' }"],
    ['flushAll', '30s', "{ delay: '30s' }"],
    ['keys', 10, '{ limit: 10 }'],
    ['count', 5, '{ by: 5 }'],
  ])('%s shows how %j is written', async (name, given, advice) => {
    const { message } = await refusal(COMMANDS[name][0], given);
    expect(message).toMatch(`${name}: expected an object such as ${advice}, got `);
  });

  it.each([
    ['get', 5],
    ['delete', 5],
    ['deleteMany', 5],
    ['stats', '5m'],
    ['keys', 'a'],
    ['set', true],
  ])('%s does not guess what %j means', async (name, given) => {
    const { message } = await refusal(COMMANDS[name][0], given);
    expect(message).toMatch(new RegExp(`^${name}: expected an object, got '?${given}'?$`));
  });

  it('of a deletion from the cache are no ttl', async () => {
    const cache = new CacheEngine(new ClientStore(client));
    await expect(cache.delete('a', 5 as never)).rejects.toMatchObject({
      message: 'policy: expected an object, got 5',
    });
  });
});
