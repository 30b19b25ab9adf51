import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tracingChannel } from 'node:diagnostics_channel';
import { MemcachedClient } from '../../lib/client/client.js';
import type { CommandMessage } from '../../lib/client/diagnostics.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { Subscriptions } from '../../lib/subscriptions.js';
import { MemcachedServer } from '../../lib/testing/index.js';

/** What is compared: all but the time that a command took. */
type Told = Pick<
  CommandMessage,
  'operation' | 'server' | 'instance' | 'keys' | 'keyCount' | 'hits' | 'misses' | 'peer'
> & { readonly code: unknown };

function toldOf(message: CommandMessage | Parameters<Parameters<Subscriptions['onCommand']>[1]>[0]): Told {
  const { operation, server, instance, keys, keyCount, hits, misses, peer, error } = message;
  return {
    operation,
    server,
    instance,
    keys,
    keyCount,
    hits,
    misses,
    peer,
    code: (error as { code?: string } | undefined)?.code ?? error,
  };
}

/** The clients of these tests: those that others have left in this process are told of, too. */
const OWN: readonly string[] = ['watched', 'quiet'];

/** A codec whose every answer comes later. */
const LATER: MemcachedClientOptions['codec'] = {
  encode: async (value) => ({ data: Buffer.from(JSON.stringify(value)), flags: 0 }),
  decode: async (data) => {
    if (data.toString() === '"broken"') throw new RangeError('cannot be read');
    return JSON.parse(data.toString()) as unknown;
  },
};

/** Commands that come to their end in every way there is; each is waited for before the next. */
async function everything(client: MemcachedClient): Promise<void> {
  const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
  await client.set('a', 'text');
  await client.set('b', 'broken');
  await client.get('a');
  await settled(client.get('b'));
  await client.get('missing');
  await client.gets('a');
  await client.getMany(['a', 'b', 'missing']);
  await settled(client.incr('a'));
  await client.incr('count', 1, { initial: 5 });
  await client.add('a', 1);
  await client.touch('a', '1m');
  await client.getAndTouch('a', '1m');
  await client.leaseGet('missing', { leaseSeconds: 5 });
  await client.get('a', { signal: new AbortController().signal });
  await settled(client.get('a', { signal: AbortSignal.abort(new RangeError('no')) }));
  await client.invalidateKey('a');
  await client.delete('a');
  await client.version();
}

describe('what is watched of commands', () => {
  let server: MemcachedServer;
  let subscriptions: Subscriptions;
  const clients: MemcachedClient[] = [];

  const connect = (options: MemcachedClientOptions = {}): MemcachedClient => {
    const client = new MemcachedClient({ servers: server.address, instance: OWN[0], ...options });
    clients.push(client);
    return client;
  };
  const onCommand: Subscriptions['onCommand'] = (event, listener) =>
    subscriptions.onCommand(event, (command) => {
      if (OWN.includes(command.instance)) listener(command);
    });
  const watch = (): Told[] => {
    const told: Told[] = [];
    onCommand('end', (command) => void told.push(toldOf(command)));
    return told;
  };

  beforeEach(async () => {
    server = await MemcachedServer.start();
    subscriptions = new Subscriptions();
  });
  afterEach(async () => {
    subscriptions.end();
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await server.close();
  });

  it.each<[string, MemcachedClientOptions]>([
    ['as it is', {}],
    ['in the classic dialect', { protocol: 'classic' }],
    ['with a codec that takes its time', { codec: LATER }],
    ['with failover miss', { failover: 'miss' }],
    ['without its keys', { diagnosticKeys: false, instance: OWN[1] }],
  ])('is what the tracing channel tells, %s', async (_, options) => {
    const expected: Told[] = [];
    const listener = (message: unknown): void => {
      const told = toldOf(message as CommandMessage);
      if (OWN.includes(told.instance)) expected.push(told);
    };
    const { asyncEnd } = tracingChannel('nestjs-memcached:command');
    asyncEnd.subscribe(listener);
    await everything(connect(options));
    asyncEnd.unsubscribe(listener);
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await server.close();
    server = await MemcachedServer.start({ port: server.port });

    const told = watch();
    await everything(connect(options));
    expect(told).toEqual(expected);
    expect(expected.length).toBeGreaterThan(15);
  });

  it('is told once and with its time, before the caller goes on', async () => {
    const client = connect();
    await client.set('a', 1);
    const durations: number[] = [];
    onCommand('end', ({ durationMs }) => void durations.push(durationMs));
    await Promise.all(
      Array.from({ length: 3 }, async (_, index) => {
        await client.get('a');
        expect(durations.length).toBeGreaterThan(index);
      }),
    );
    expect(durations).toHaveLength(3);
    for (const durationMs of durations) expect(durationMs).toBeGreaterThan(0);
  });

  it.each(['next', 'error', 'miss'] as const)(
    'is one command, whatever becomes of its server: failover %s',
    async (failover) => {
      const other = await MemcachedServer.start();
      const client = connect({ servers: [server.address, other.address], failover, failuresToDown: 1 });
      const keys = Array.from({ length: 20 }, (_, index) => `key:${index}`);
      await client.setMany(keys.map((key) => [key, key]));
      await other.close();
      const told = watch();
      for (const key of keys) await client.get(key).catch(() => undefined);
      expect(told.map((command) => command.keys)).toEqual(keys.map((key) => [key]));
      for (const key of keys) await client.invalidateKey(key);
      expect(told.slice(keys.length).map((command) => command.keys)).toEqual(keys.map((key) => [key]));
      expect(new Set(told.slice(keys.length).map((command) => command.server))).toEqual(
        new Set(failover === 'next' ? [server.address] : [server.address, other.address]),
      );
    },
  );

  it('begins in the context of its caller, and bears what is put there', async () => {
    const seen: unknown[] = [];
    onCommand('begin', (command) => void (command.context = seen.length));
    onCommand('end', ({ context, durationMs }) => void seen.push([context, durationMs >= 0]));
    const client = connect();
    await client.set('a', 1);
    await client.get('a');
    expect(seen).toEqual([
      [0, true],
      [1, true],
    ]);
  });

  it('is told of a client that is closed', async () => {
    const told = watch();
    const client = connect();
    await client.close();
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
    expect(told).toMatchObject([{ operation: 'get', code: 'MEMCACHED_CLOSED' }]);
  });
});
