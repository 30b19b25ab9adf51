import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { SharedProxy } from '../support/shared-proxy.js';

let clients: MemcachedClient[] = [];
/** What scripted servers have heard, by connection. */
let heard: string[][] = [];

beforeEach(() => {
  clients = [];
  heard = [];
});
afterEach(() => Promise.all(clients.map((client) => client.close())));

function connect(
  servers: MemcachedClientOptions['servers'],
  options: MemcachedClientOptions = {},
): MemcachedClient {
  const client = new MemcachedClient({ servers, commandTimeout: '300ms', ...options });
  clients.push(client);
  return client;
}

/** Waits, turn by turn of the event loop, until nothing is owed. */
async function settled(client: MemcachedClient): Promise<void> {
  while (client.topology().some(({ owed }) => owed > 0)) await turn();
}

const KEYS = Array.from({ length: 60 }, (_, index) => `key:${index}`);

describe.each(['twemproxy', 'memcached'] as const)('behind a proxy with the words of %s', (words) => {
  let backends: MemcachedServer[];
  let proxy: SharedProxy;

  beforeEach(async () => {
    backends = await Promise.all([0, 1, 2].map(() => MemcachedServer.start()));
    proxy = await SharedProxy.start(words, backends);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await Promise.all(backends.map((backend) => backend.close()));
  });

  it('an invalidation whose server is lost is owed, and delivered when the server is back', async () => {
    const client = connect(proxy.address);
    const other = connect(proxy.address);
    for (const key of KEYS) await client.set(key, 'old');
    proxy.lose(1);
    const gone = await Promise.all(KEYS.map((key) => client.invalidateKey(key)));
    expect(gone).toContain(false);
    expect(client.topology()[0].owed).toBeGreaterThan(0);
    proxy.regain(1);
    // This process reads no old value from the first moment on.
    for (const key of KEYS) expect(await client.get(key)).toBeUndefined();
    await settled(client);
    for (const key of KEYS) expect(await other.get(key)).toBeUndefined();
  });

  it('more than can be remembered are known again, and nothing is flushed', async () => {
    const client = connect(proxy.address, { maxOwedDeletes: 5 });
    for (const key of KEYS) await client.set(key, 'old');
    await proxy.down();
    await Promise.all(KEYS.slice(0, 40).map((key) => client.invalidateKey(key)));
    expect(client.topology()[0].owed).toBe(Number.POSITIVE_INFINITY);
    proxy.hungUp = proxy.accepted = 0;
    await proxy.up();
    while ((await client.get('missing').catch(() => 'away')) !== undefined) await turn();
    for (const key of KEYS.slice(0, 40)) expect(await client.get(key)).toBeUndefined();
    expect(await client.get(KEYS[50])).toBe('old');
    await client.set(KEYS[0], 'new');
    expect(await client.get(KEYS[0])).toBe('new');
    expect(proxy.accepted).toBeLessThan(10);
  });
});

describe('what a server is owed', () => {
  let server: MemcachedServer;
  beforeEach(async () => {
    server = await MemcachedServer.start();
  });
  afterEach(() => server.close());

  it.each(['meta', 'classic'] as const)('is delivered before its keys are read: %s', async (protocol) => {
    await using shared = await SharedProxy.start(protocol === 'meta' ? 'memcached' : 'twemproxy', [server]);
    const client = connect(shared.address, { protocol });
    for (const key of ['a', 'b']) await client.set(key, 'old');
    await shared.down();
    for (const key of ['a', 'b']) expect(await client.invalidateKey(key, { stale: '1m' })).toBe(false);
    expect(client.topology()[0].owed).toBe(2);
    await shared.up();
    let read: { hit: boolean; stale: boolean } | undefined;
    while (read === undefined) {
      await turn();
      read = await client.leaseGet('a', { leaseSeconds: 0 }).catch(() => undefined);
    }
    expect(protocol === 'meta' ? read.stale : !read.hit).toBe(true);
    await settled(client);
    const direct = connect(server.address);
    expect(await direct.get('b')).toBe(protocol === 'meta' ? 'old' : undefined);
  });

  it('leaves what was invalidated softly for so long from then on, not from the delivery', async () => {
    await using shared = await SharedProxy.start('memcached', [server]);
    const client = connect(shared.address);
    for (const key of ['over', 'stale']) await client.set(key, 'old');
    await shared.down();
    await client.invalidateKey('over', { stale: '1s' });
    await client.invalidateKey('stale', { stale: '1m' });
    await wait(2100);
    await shared.up();
    await settled(client);
    const direct = connect(server.address);
    expect(await direct.get('over')).toBeUndefined();
    const { ttl, stale } = await direct.leaseGet('stale', { leaseSeconds: 0 });
    expect(stale).toBe(true);
    expect(ttl).toBeLessThanOrEqual(59_000);
  });

  it('is delivered before reads that have waited for the connection, though somebody asks as soon as it is up', async () => {
    await using scripted = await ScriptedServer.start(async (peer) => {
      const lines: string[] = [];
      heard.push(lines);
      await peer.answer((line) => {
        if (line === 'version') return 'VERSION 1.6.18\r\n';
        if (line === 'mn') return 'MN\r\n';
        if (line.startsWith('stats')) return 'END\r\n';
        lines.push(line.split(' ', 2).join(' '));
        if (heard.length === 1 && line.startsWith('md ')) {
          peer.hangUp();
          return undefined;
        }
        return `${line.startsWith('md ') ? 'HD' : 'EN'} ${line.split(' ').at(-1)}\r\n`;
      });
    });
    const client = connect(scripted.address);
    const asked: Promise<unknown>[] = [];
    client.on('node', ({ state }) => {
      if (state === 'up') asked.push(client.get('k'));
    });
    await client.get('other');
    expect(await client.invalidateKey('k')).toBe(false);
    expect(await client.get('k')).toBeUndefined();
    await Promise.all(asked);
    expect(asked).toHaveLength(1);
    expect(heard[1][0]).toBe('md k');
    expect(heard[1].filter((line) => line !== 'mg ~near').slice(1)).toEqual(['mg k', 'mg k']);
  });

  it('is found among the keys of a server that left some of them out at the first look', async () => {
    let lists = 0;
    const deleted = new Set<string>();
    const keys = KEYS.slice(0, 8);
    await using scripted = await ScriptedServer.start(async (peer) => {
      if (isAway) return peer.hangUp();
      await peer.answer((line) => {
        if (line === 'version') return 'VERSION 1.6.18\r\n';
        if (line === 'mn') return 'MN\r\n';
        if (line.startsWith('stats')) return 'END\r\n';
        if (line.startsWith('lru_crawler')) {
          lists += 1;
          const listed = keys.filter((key, index) => !deleted.has(key) && (lists > 1 || index % 2 === 0));
          return `${listed.map((key) => `key=${key.replace(':', '%3A')} exp=-1\n`).join('')}END\r\n`;
        }
        if (line.startsWith('mg ')) return `EN ${line.split(' ').at(-1)}\r\n`;
        deleted.add(line.split(' ')[1]);
        return `HD ${line.split(' ').at(-1)}\r\n`;
      });
    });
    let isAway = true;
    const client = connect(scripted.address, { maxOwedDeletes: 1 });
    for (const key of keys) await client.invalidateKey(key);
    expect(client.topology()[0].owed).toBe(Number.POSITIVE_INFINITY);
    isAway = false;
    while ((await client.delete('other').catch(() => 'away')) === 'away') await turn();
    await settled(client);
    // Beyond what can be remembered, the epochs are owed as well.
    const found = [...deleted].filter((key) => key !== 'other' && !key.startsWith('~epoch:'));
    expect(found.toSorted()).toEqual(keys.toSorted());
  });

  it('keeps a key of bytes and the key that is spelled like its base64 apart', async () => {
    const client = connect(server.address);
    const { port } = server;
    const twins = ['a b', Buffer.from('a b').toString('base64')];
    await client.get('x');
    await server.close();
    for (const key of twins) await client.invalidateKey(key);
    expect(client.topology()[0].owed).toBe(2);
    server = await MemcachedServer.start({ port });
    await settled(client);
  });

  it('is remembered when too much is in flight, and delivered in a window', async () => {
    const client = connect(server.address, { maxInFlight: 50 });
    await client.set('k', 'old');
    const noise = Array.from({ length: 50 }, (_, index) => client.get(`noise:${index}`));
    expect(await client.invalidateKey('k')).toBe(false);
    await Promise.all(noise);
    expect(await client.get('k')).toBeUndefined();
    const { port } = server;
    await server.close();
    await client.get('x').catch(() => {});
    for (let index = 0; index < 300; index += 1) await client.invalidateKey(`key:${index}`);
    server = await MemcachedServer.start({ port });
    await settled(client);
  });

  it('outlives its place in the list, and what is invalidated meanwhile is owed as well', async () => {
    await using other = await MemcachedServer.start();
    const both = [server.address, other.address];
    const client = connect(both);
    const mine = KEYS.filter((key) => client.serverFor(key) === server.address);
    for (const key of mine) await client.set(key, 'old');
    client.setServers(other.address);
    for (const key of mine) await client.invalidateKey(key);
    client.setServers(both);
    for (const key of mine) expect(await client.get(key)).toBeUndefined();
  });

  it('is not lost when no server is known yet', async () => {
    let answer: (servers: string[]) => void = () => {};
    const found = [
      Promise.reject(new Error('SERVFAIL')),
      new Promise<string[]>((resolve) => (answer = resolve)),
    ];
    const client = connect(undefined, {
      discovery: { type: 'function', find: () => found.shift()!, interval: '1s' },
    });
    const direct = connect(server.address);
    await direct.set('k', 'old');
    expect(await client.invalidateKey('k')).toBe(false);
    answer([server.address]);
    while ((await direct.get('k')) !== undefined);
  });

  it('is delivered by a client that closes, where the server can be reached', async () => {
    const client = connect(server.address, { reconnectDelay: { min: '1h', max: '1h' } });
    const { port } = server;
    await client.get('k');
    await server.close();
    expect(await client.invalidateKey('k')).toBe(false);
    server = await MemcachedServer.start({ port });
    const direct = connect(server.address);
    await direct.set('k', 'old');
    await client.close();
    expect(await direct.get('k')).toBeUndefined();
  });

  it('does not hold up a client that closes, where the server cannot be reached', async () => {
    const client = connect(server.address);
    await client.get('k');
    await server.close();
    await client.invalidateKey('k');
    await client.close();
    expect(client.topology()[0].owed).toBe(1);
  });
});
