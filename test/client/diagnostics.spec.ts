import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { MemcachedClient } from '../../lib/client/client.js';
import type { CommandMessage } from '../../lib/client/diagnostics.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

describeReal('the diagnostics channels', () => {
  let server: RealMemcached;
  let undo: (() => void)[] = [];
  const clients: MemcachedClient[] = [];

  const connect = (options: MemcachedClientOptions = {}): MemcachedClient => {
    const client = new MemcachedClient({ servers: server.address, ...options });
    clients.push(client);
    return client;
  };
  const commands = (): CommandMessage[] => {
    const seen: CommandMessage[] = [];
    const ended = (message: unknown): void => void seen.push(message as CommandMessage);
    const { asyncEnd } = tracingChannel('nestjs-memcached:command');
    asyncEnd.subscribe(ended);
    undo.push(() => asyncEnd.unsubscribe(ended));
    return seen;
  };
  const messages = (name: string): unknown[] => {
    const seen: unknown[] = [];
    const keep = (message: unknown): void => void seen.push(message);
    subscribe(name, keep);
    undo.push(() => unsubscribe(name, keep));
    return seen;
  };

  beforeEach(async () => {
    server = await startMemcached();
  });
  afterEach(async () => {
    for (const step of undo) step();
    undo = [];
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await server.stop();
  });

  it('tell every command with its server, keys, bytes and outcome, and never a value', async () => {
    const seen = commands();
    const client = connect();
    await client.set('a', 'secret');
    await client.get('a');
    await client.get('missing');
    await client.getMany(['a', 'missing']);
    await client.delete('missing');
    await client.incr('a').catch(() => undefined);
    await client.stats();
    const at = server.address;
    expect(seen).toMatchObject([
      { operation: 'set', server: at, keys: ['a'], keyCount: 1, bytes: 6, outcome: 'done' },
      { operation: 'get', server: at, keys: ['a'], bytes: 6, outcome: 'hit', hits: 1, misses: 0 },
      { operation: 'get', server: at, keys: ['missing'], bytes: 0, outcome: 'miss', hits: 0, misses: 1 },
      { operation: 'get-many', server: at, keys: ['a', 'missing'], keyCount: 2, bytes: 6, outcome: 'hit' },
      { operation: 'delete', server: at, outcome: 'not-done', hits: 0, misses: 0 },
      { operation: 'incr', server: at, outcome: 'error', error: { code: 'MEMCACHED_SERVER' } },
      { operation: 'stats', server: at, keys: [], outcome: 'hit', hits: 0, misses: 0 },
    ]);
    expect(seen[3]).toMatchObject({ hits: 1, misses: 1 });
    for (const { durationMs, instance } of seen) {
      expect(durationMs).toBeGreaterThan(0);
      expect(instance).toBe('default');
    }
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  it('count what a read of many keys found and did not, whatever server had it', async () => {
    const other = await startMemcached();
    const client = connect({ servers: [server.address, other.address], instance: 'two' });
    const keys = Array.from({ length: 40 }, (_, index) => `key:${index}`);
    await client.setMany(keys.slice(0, 30).map((key) => [key, key]));
    const seen = commands();
    await client.getMany(keys);
    await other.stop();
    const sum = (name: 'hits' | 'misses' | 'keyCount'): number =>
      seen.reduce((total, message) => total + message[name], 0);
    expect(seen.map(({ operation, instance }) => `${instance} ${operation}`)).toEqual([
      'two get-many',
      'two get-many',
    ]);
    expect([sum('hits'), sum('misses'), sum('keyCount')]).toEqual([30, 10, 40]);
  });

  it.each([true, 'stored', { hit: false }, { hits: [] }])(
    'tell a hit whatever was stored: %j',
    async (value) => {
      const client = connect();
      await client.set('a', value);
      const seen = commands();
      await client.get('a');
      expect(seen).toMatchObject([{ operation: 'get', outcome: 'hit' }]);
    },
  );

  it('keep keys to themselves when told to', async () => {
    const seen = commands();
    await connect({ diagnosticKeys: false }).getMany(['who', 'what']);
    expect(seen).toMatchObject([{ operation: 'get-many', keys: [], keyCount: 2, hits: 0, misses: 2 }]);
  });

  it('tell states, reconnects and what was owed', async () => {
    const nodes = messages('nestjs-memcached:node');
    const reconnects = messages('nestjs-memcached:reconnect');
    const sent = messages('nestjs-memcached:owed');
    const client = connect({ commandTimeout: '200ms' });
    await client.set('a', 1);
    await server.stop();
    await client.get('a').catch(() => undefined);
    await client.invalidateKey('a');
    const up = once(client, 'node').then(async function wait([event]): Promise<void> {
      if ((event as { state: string }).state !== 'up') await once(client, 'node').then(wait);
    });
    server = await startMemcached({ port: server.port });
    await up;
    const at = server.address;
    expect(nodes.at(0)).toMatchObject({
      server: at,
      previous: 'up',
      error: { code: 'MEMCACHED_CONNECTION' },
    });
    expect(nodes.at(-1)).toMatchObject({ server: at, state: 'up' });
    expect(reconnects).toStrictEqual([{ server: at, instance: 'default' }]);
    expect(sent).toStrictEqual([{ server: at, count: 1, instance: 'default' }]);
  });

  it('tell how many invalidations were owed, also where they take several rounds', async () => {
    const sent = messages('nestjs-memcached:owed');
    const client = connect({ commandTimeout: '200ms', maxInFlight: 100 });
    await client.set('a', 1);
    await server.stop();
    await client.get('a').catch(() => undefined);
    await Promise.all(Array.from({ length: 70 }, (_, index) => client.invalidateKey(`key:${index}`)));
    const up = once(client, 'node').then(async function wait([event]): Promise<void> {
      if ((event as { state: string }).state !== 'up') await once(client, 'node').then(wait);
    });
    server = await startMemcached({ port: server.port });
    await up;
    expect(sent).toStrictEqual([{ server: server.address, count: 70, instance: 'default' }]);
  });

  it('tell a change of the list of servers', async () => {
    const changes = messages('nestjs-memcached:servers');
    connect({ instance: 'sessions' }).setServers([server.address, '127.0.0.1:1']);
    expect(changes).toStrictEqual([{ added: ['127.0.0.1:1'], removed: [], instance: 'sessions' }]);
  });
});
