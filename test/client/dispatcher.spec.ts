import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import type { CommandOptions } from '../../lib/client/command-options.js';
import type { CommandTimeoutError } from '../../lib/errors.js';
import type { Codec } from '../../lib/index.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { ScriptedServer } from '../support/scripted-server.js';

const never = <Value>(): Promise<Value> => new Promise<Value>(() => undefined);

/** Every command, whichever way it takes inside: to one server or all, one key or many. */
const COMMANDS: Record<string, (client: MemcachedClient, options?: CommandOptions) => Promise<unknown>> = {
  get: (client, options) => client.get('a', options),
  gets: (client, options) => client.gets('a', options),
  set: (client, options) => client.set('a', 1, options),
  append: (client, options) => client.append('a', 'x', options),
  cas: (client, options) => client.cas('a', 1, '1', options),
  delete: (client, options) => client.delete('a', options),
  incr: (client, options) => client.incr('n', 1, { initial: 1, ...options }),
  touch: (client, options) => client.touch('a', '1m', options),
  getAndTouch: (client, options) => client.getAndTouch('a', '1m', options),
  leaseGet: (client, options) => client.leaseGet('a', { leaseSeconds: 1, ...options }),
  invalidateKey: (client, options) => client.invalidateKey('a', options),
  getMany: (client, options) => client.getMany(['a', 'b'], options),
  getsMany: (client, options) => client.getsMany(['a', 'b'], options),
  setMany: (client, options) => client.setMany({ a: 1 }, options),
  deleteMany: (client, options) => client.deleteMany(['a'], options),
  stats: (client, options) => client.stats('general', options),
  version: (client, options) => client.version(options),
  flushAll: (client, options) => client.flushAll(options),
  keys: async (client, options) => {
    const keys: string[] = [];
    for await (const key of client.keys(options)) keys.push(key);
    return keys;
  },
};

describe('every command', () => {
  const clients: MemcachedClient[] = [];
  const open = (options: MemcachedClientOptions): MemcachedClient => {
    const client = new MemcachedClient(options);
    clients.push(client);
    return client;
  };
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  describe.each(Object.entries(COMMANDS))('%s', (name, command) => {
    it('keeps its deadline while no server is known', async () => {
      const client = open({ discovery: never });
      const result = command(client, { timeout: 20 });
      // An invalidation is owed then, to the server that the key will have.
      if (name === 'invalidateKey') await expect(result).resolves.toBe(false);
      else await expect(result).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT', outcome: 'not-sent' });
    });

    it('waits for the first servers', async () => {
      await using server = await MemcachedServer.start();
      let answer: (address: string) => void = () => undefined;
      const client = open({ discovery: () => new Promise<string>((resolve) => (answer = resolve)) });
      const outcome = command(client, { timeout: '30s' });
      await Promise.resolve();
      answer(server.address);
      await expect(outcome).resolves.not.toBeNull();
    });

    it('settles when its signal is aborted, whatever it waits for', async () => {
      const client = open({ discovery: never });
      const abort = new AbortController();
      const outcome = command(client, { signal: abort.signal, timeout: '30s' });
      abort.abort(new Error('enough'));
      await expect(outcome).rejects.toThrow('enough');
      await expect(command(client, { signal: abort.signal })).rejects.toThrow('enough');
    });

    it('settles when the client is closed, and is refused from then on', async () => {
      const client = open({ discovery: never });
      const outcome = command(client, { timeout: '30s' });
      await Promise.all([
        expect(outcome).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' }),
        client.close(),
      ]);
      await expect(command(client)).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
    });

    it('is refused after the end of a client that was connected', async () => {
      await using server = await MemcachedServer.start();
      const client = open({ servers: server.address });
      await client.connect();
      await client.close();
      await expect(command(client)).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
      expect(() => client.setServers('127.0.0.1:1')).toThrow('closed');
    });

    it('rejects, and throws nothing, when an argument is wrong', async () => {
      await using server = await MemcachedServer.start();
      const client = open({ servers: server.address });
      const wrong: unknown[] = [{ timeout: 0 }, { timeout: 'soon' }, { signal: 'no signal' }];
      for (const options of wrong) {
        const outcome = command(client, options as CommandOptions);
        await expect(outcome).rejects.toMatchObject({ code: 'MEMCACHED_INVALID_ARGUMENT' });
      }
    });
  });

  it('gives one signal one listener, however many of them bear it', async () => {
    await using server = await MemcachedServer.start();
    const client = open({ servers: server.address });
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...listener: Parameters<typeof add>) => {
      listeners += 1;
      add(...listener);
    };
    await Promise.all(Array.from({ length: 100 }, (_, index) => client.get(`k${index}`, { signal })));
    expect(listeners).toBe(1);
  });

  it('tells why no server is known', async () => {
    const client = open({ discovery: () => Promise.reject(new Error('no such zone')) });
    await new Promise((resolve) => client.once('discoveryFailed', resolve));
    await expect(client.get('a', { timeout: 20 })).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      message: 'get "a": discovery has found no server so far (no such zone)',
    });
  });

  it('has its deadline while the codec is at work', async () => {
    await using server = await MemcachedServer.start();
    const codec: Codec = { encode: never, decode: (data) => data };
    const client = open({ servers: server.address, codec });
    await expect(client.set('a', 1, { timeout: 20 })).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
    const abort = new AbortController();
    const outcome = client.set('a', 1, { timeout: '30s', signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
  });

  it('settles by its signal while a value is decoded', async () => {
    await using server = await MemcachedServer.start();
    const codec: Codec = { encode: (value) => ({ data: String(value), flags: 1 }), decode: never };
    const client = open({ servers: server.address, codec });
    await client.set('a', 1);
    const abort = new AbortController();
    const outcome = client.get('a', { signal: abort.signal });
    await client.version();
    abort.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
  });

  it('shows the right form where a number stands in place of the options', async () => {
    await using server = await MemcachedServer.start();
    const client = open({ servers: server.address });
    await expect(client.set('a', 1, 60 as never)).rejects.toThrow("such as { ttl: '60s' }");
    await expect(client.setMany({ a: 1 }, '5m' as never)).rejects.toThrow("such as { ttl: '5m' }");
    await expect(client.get('a', { codec: null as never })).rejects.toThrow('codec: expected');
  });

  it.each([null, 5, ['127.0.0.1:1'], { down: '127.0.0.1:1' }])(
    'refuses %j as options of serverFor',
    (options) => {
      const client = open({ servers: '127.0.0.1:1' });
      expect(() => client.serverFor('a', options as never)).toThrow(
        expect.objectContaining({ code: 'MEMCACHED_INVALID_ARGUMENT' }),
      );
    },
  );

  it.each([
    null,
    5,
    'key',
    ['key'],
    ['ab'],
    [['key']],
    [['key', 1, { ttl: '1m' }]],
    [{ key: 'a', value: 1 }],
    Promise.resolve([['key', 1]]),
  ])('refuses %j as entries, and sends nothing', async (entries) => {
    await using server = await MemcachedServer.start();
    const client = open({ servers: server.address });
    const cache = new CacheEngine(new ClientStore(client));
    const refused = {
      code: 'MEMCACHED_INVALID_ARGUMENT',
      message: expect.stringContaining('setMany: expected'),
    };
    await expect(client.setMany(entries as never)).rejects.toMatchObject(refused);
    await expect(cache.setMany(entries as never)).rejects.toMatchObject(refused);
    expect(await client.get('key')).toBeUndefined();
  });

  it("takes 'then' for a key like any other", async () => {
    await using server = await MemcachedServer.start();
    const client = open({ servers: server.address });
    await client.setMany(JSON.parse('{"then":1}') as Record<string, number>);
    expect(await client.get('then')).toBe(1);
  });

  it.each([null, undefined, 5, 'key', { key: 1 }])('refuses %j as keys', async (keys) => {
    await using server = await MemcachedServer.start();
    const client = open({ servers: server.address });
    const cache = new CacheEngine(new ClientStore(client));
    const refused = { code: 'MEMCACHED_INVALID_ARGUMENT', message: expect.stringContaining('expected keys') };
    for (const many of [client, cache] as const) {
      await expect(many.getMany(keys as never)).rejects.toMatchObject(refused);
      await expect(many.deleteMany(keys as never)).rejects.toMatchObject(refused);
    }
    await expect(client.getsMany(keys as never)).rejects.toMatchObject(refused);
  });
});

describe('a call that takes several commands', () => {
  it.each([
    ['setMany', (client: MemcachedClient) => client.setMany({ a: 1 }, { timeout: 1000 })],
    ['deleteMany', (client: MemcachedClient) => client.deleteMany(['a'], { timeout: 1000 })],
  ])('has for its writes what the wait for servers has left: %s', async (_name, command) => {
    await using server = await ScriptedServer.start((peer) => peer.negotiate());
    const discovery = async (): Promise<string> => {
      await wait(200);
      return server.address;
    };
    await using client = new MemcachedClient({ discovery, connectTimeout: '30s' });
    const { failures } = await command(client);
    expect(failures[0].error).toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
    const { timeoutMs } = failures[0].error as CommandTimeoutError;
    expect(timeoutMs).toBeLessThan(850);
    expect(timeoutMs % 1).toBe(0);
  });

  it('has half of its time for a later one, whatever this process was busy with before', async () => {
    await using server = await ScriptedServer.start((peer) =>
      peer.answer((line) => {
        if (line === 'version') return 'VERSION 1.4.39\r\n';
        return line.startsWith('get ') ? 'VALUE k 16 1\r\nv\r\nEND\r\n' : '';
      }),
    );
    await using client = new MemcachedClient({ servers: server.address, commandTimeout: '100ms' });
    await client.connect();
    const busy: Codec = {
      encode: () => ({ data: '', flags: 0 }),
      decode: () => {
        const until = performance.now() + 150;
        while (performance.now() < until);
        return 'v';
      },
    };
    const touched = client.getAndTouch('k', '1m', { codec: busy });
    await expect(touched).rejects.toThrow('no reply within 50 ms');
  });
});
