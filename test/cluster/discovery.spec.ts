import type { LookupOptions } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import { NameLookups, type NameSource } from '../../lib/connection/name-lookups.js';
import { parseClusterConfig } from '../../lib/cluster/cluster-config.js';
import type { ServerDiscovery } from '../../lib/options/discovery-options.js';
import { MemcachedServer } from '../../lib/testing/index.js';

describe('a cluster configuration', () => {
  it('is read as host names, or addresses where there is no name', () => {
    expect(
      parseClusterConfig('12\na.example|10.0.0.1|11211 |10.0.0.2|11212 |::1|11213\n', 'endpoint'),
    ).toStrictEqual(['a.example:11211', '10.0.0.2:11212', '[::1]:11213']);
  });

  it('is read over stray carriage returns', () => {
    expect(parseClusterConfig('12\r\na|10.0.0.1|11211\r b|10.0.0.2|11212\r\n\r\n', 'endpoint')).toStrictEqual(
      ['a:11211', 'b:11212'],
    );
  });

  it.each(['', '12\n', '12\n\n', '12\nhost-without-port\n'])('is refused when it reads %j', (text) => {
    expect(() => parseClusterConfig(text, 'endpoint:1')).toThrow(/^endpoint:1: the cluster configuration/);
  });
});

describe('a discovery that fails at first', () => {
  const failing = async (discovery: ServerDiscovery): Promise<Error> => {
    const client = new MemcachedClient({ discovery, connectTimeout: '300ms', commandTimeout: '300ms' });
    const [failure] = (await once(client, 'discoveryFailed')) as [Error];
    await expect(client.get('key')).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      outcome: 'not-sent',
    });
    await client.close();
    return failure;
  };

  it('lets commands fail, naming what it was: nobody at the endpoint', async () => {
    const server = await MemcachedServer.start();
    await server.close();
    const error = await failing({ type: 'elasticache', endpoint: server.address });
    expect(error.message).toContain(server.address);
  });

  it('an endpoint that knows no configuration', async () => {
    const server = await MemcachedServer.start();
    const error = await failing({ type: 'elasticache', endpoint: server.address });
    expect(error.message).toContain('it is no configuration endpoint');
    await server.close();
  });

  it('a name that does not resolve, as address or service', async () => {
    const service = '_memcached._tcp.nowhere.invalid';
    expect((await failing({ type: 'dns', name: 'nowhere.invalid' })).message).toContain('nowhere.invalid');
    expect((await failing({ type: 'dns', name: service, record: 'srv' })).message).toContain(service);
  });

  it('a function that answers nonsense', async () => {
    const error = await failing({ type: 'function', find: () => 'not a server:x' });
    expect(error).toMatchObject({ code: 'MEMCACHED_INVALID_OPTIONS' });
  });
});

describe('a discovery', () => {
  it('that fails at first is asked again soon, not at the next interval', async () => {
    const server = await MemcachedServer.start();
    let asked = 0;
    const find = async (): Promise<string> => {
      asked += 1;
      if (asked < 3) throw new Error('SERVFAIL');
      return server.address;
    };
    const client = new MemcachedClient({
      discovery: { type: 'function', find, interval: '1h' },
      commandTimeout: '10s',
    });
    expect(await client.set('k', 1)).toBe(true);
    await client.close();
    await server.close();
  });

  it('that never answers keeps nobody from closing', async () => {
    const client = new MemcachedClient({ discovery: () => new Promise(() => {}), commandTimeout: '50ms' });
    await expect(client.get('k')).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
    const pending = client.get('k');
    await client.close();
    await expect(pending).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
  });

  it('by an endpoint reaches the servers as it reaches the endpoint', async () => {
    const auth = { username: 'alice', password: 's3cret' };
    const server = await MemcachedServer.start({ auth });
    const admin = new MemcachedClient({ servers: { host: '127.0.0.1', port: server.port, ...auth } });
    const list = `1\n|127.0.0.1|${server.port}\n`;
    await admin.set('AmazonElastiCache:cluster', Buffer.from(list));
    const endpoint = { host: '127.0.0.1', port: server.port, ...auth };
    const client = new MemcachedClient({
      discovery: { type: 'elasticache', endpoint },
      commandTimeout: '10s',
    });
    expect(await client.set('k', 1)).toBe(true);
    await client.close();
    await admin.close();
    await server.close();
  });

  it('that names more servers than any cluster has is refused', async () => {
    const servers = Array.from({ length: 10_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const client = new MemcachedClient({ discovery: () => servers, commandTimeout: '50ms' });
    await expect(client.get('k')).rejects.toMatchObject({
      message: expect.stringContaining('10000 servers, the most is 1000'),
    });
    await client.close();
  });
});

describe('look-ups of names', () => {
  it('are one at a time for each name, and everyone who waits gets the answer', async () => {
    const { lookup } = new NameLookups();
    const answers = await Promise.all(
      [0, 1, 2].map(
        () =>
          new Promise((resolve, reject) => {
            lookup('localhost', { all: true }, (error, found) =>
              error === null ? resolve(found) : reject(error),
            );
          }),
      ),
    );
    expect(answers[0]).not.toStrictEqual([]);
    expect(answers[1]).toBe(answers[0]);
    expect(answers[2]).toBe(answers[0]);
  });

  it('that hang take one thread of the system, and keep no other name waiting', async () => {
    const asked: string[] = [];
    const source = {
      lookup: (name: string) => void asked.push(name),
      resolve4: (name: string, told: (error: Error | null, addresses?: string[]) => void) =>
        name === 'well' ? told(null, ['10.0.0.1', '10.0.0.2']) : undefined,
      resolve6: (_name: string, told: (error: Error | null) => void) => told(new Error('no such address')),
    } as unknown as NameSource;
    const { lookup } = new NameLookups(source);
    const found = (name: string, options: LookupOptions): Promise<unknown> =>
      new Promise((resolve) => lookup(name, options, (...answer) => resolve(answer)));
    for (const name of ['hangs', 'hangs too', 'and this']) void found(name, { all: true });
    await expect(found('well', { all: true })).resolves.toStrictEqual([
      null,
      [
        { address: '10.0.0.1', family: 4 },
        { address: '10.0.0.2', family: 4 },
      ],
      undefined,
    ]);
    await expect(found('well', { family: 4 })).resolves.toStrictEqual([null, '10.0.0.1', 4]);
    expect(asked).toStrictEqual(['hangs']);
  });

  it('that take long are asked of the name servers, too, when somebody asks again', async () => {
    let isAway = true;
    let refused = 0;
    const source = {
      lookup: () => undefined,
      resolve4: (_name: string, told: (error: Error | null, addresses?: string[]) => void) =>
        isAway ? told(new Error(`nobody answers (${(refused += 1)})`)) : told(null, ['10.0.0.1']),
      resolve6: (_name: string, told: (error: Error) => void) => told(new Error('no such address')),
    } as unknown as NameSource;
    const { lookup } = new NameLookups(source, { slowMs: 0, lostMs: 30_000 });
    const found = (): Promise<unknown> =>
      new Promise((resolve) => lookup('k', {}, (...answer) => resolve(answer)));
    const first = found();
    const askedAt = performance.now();
    while (performance.now() === askedAt);
    const second = found();
    expect(refused).toBe(1);
    // What was refused is known in the next turn.
    await turn();
    isAway = false;
    const answers = [first, second, found()];
    await expect(Promise.all(answers)).resolves.toStrictEqual(answers.map(() => [null, '10.0.0.1', 4]));
  });

  it('that are lost keep no other waiting for the system', async () => {
    const source = {
      lookup: (name: string, _options: object, told: (error: null, address: string) => void) =>
        name === 'lost' ? undefined : told(null, '10.0.0.2'),
      resolve4: (_name: string, told: (error: Error) => void) => told(new Error('no such name')),
      resolve6: (_name: string, told: (error: Error) => void) => told(new Error('no such name')),
    } as unknown as NameSource;
    const { lookup } = new NameLookups(source, { slowMs: 1, lostMs: 20 });
    const found = (name: string): Promise<unknown> =>
      new Promise((resolve) => lookup(name, {}, (_error, address) => resolve(address)));
    void found('lost');
    await expect(found('in the hosts file')).resolves.toBe('10.0.0.2');
    await expect(found('and the next')).resolves.toBe('10.0.0.2');
  });

  it('that the name servers do not know are asked of the system, in their turn', async () => {
    const waiting: ((error: null, address: string) => void)[] = [];
    const source = {
      lookup: (_name: string, _options: object, told: (error: null, address: string) => void) =>
        void waiting.push(told),
      resolve4: (_name: string, told: (error: Error) => void) => {
        told(new Error('no such name'));
        waiting.shift()?.(null, '10.0.0.1');
      },
      resolve6: (_name: string, told: (error: Error) => void) => told(new Error('no such name')),
    } as unknown as NameSource;
    const { lookup } = new NameLookups(source);
    const found = (name: string): Promise<unknown> =>
      new Promise((resolve) => lookup(name, {}, (_error, address) => resolve(address)));
    const first = found('slow');
    const second = found('in the hosts file');
    await expect(first).resolves.toBe('10.0.0.1');
    waiting.shift()!(null, '10.0.0.2');
    await expect(second).resolves.toBe('10.0.0.2');
  });
});
