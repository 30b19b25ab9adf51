import { afterEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { ServerVersion } from '../../lib/connection/server-version.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { SharedProxy } from '../support/shared-proxy.js';

describeReal('the keys of a server', () => {
  let server: RealMemcached;
  let client: MemcachedClient;

  const start = async (...args: string[]): Promise<void> => {
    server = await startMemcached({ args });
    client = new MemcachedClient({ servers: server.address, commandTimeout: '2s' });
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
    const version = new ServerVersion((await client.version()).get(server.address)!);
    // Before 1.6.19, memcached may leave out a key that it moves among the lists of its LRU meanwhile.
    expect(seen.size).toBeGreaterThanOrEqual(names.length - (version.atLeast(1, 6, 19) ? 0 : 10));
    expect(names.filter((name) => seen.has(name))).toHaveLength(seen.size);
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

  it('are those of one server, if it is named', async () => {
    await start();
    await using other = await startMemcached();
    await using both = new MemcachedClient({ servers: [server.address, other.address] });
    const names = Array.from({ length: 20 }, (_, index) => `key:${index}`);
    await both.setMany(names.map((name) => [name, 1]));
    for (const { address } of [server, other]) {
      const keys: string[] = [];
      for await (const key of both.keys({ server: address })) keys.push(key);
      const owned = names.filter((name) => both.serverFor(name) === address);
      expect([owned.length > 0, keys.toSorted()]).toStrictEqual([true, owned.toSorted()]);
    }
    await expect(both.keys({ server: 'elsewhere:1' }).next()).rejects.toThrow(
      "keys: server: 'elsewhere:1' is none of this client's servers",
    );
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

describe('the listing that is asked for', () => {
  /** The keys that a server of some version lists, and what it was asked. */
  const listing = async (
    version: string,
    replies: string[],
  ): Promise<{ keys: string[]; asked: string[] }> => {
    const asked: string[] = [];
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate(version);
      await peer.answer((line) => {
        asked.push(line);
        return replies.shift();
      });
    });
    const client = new MemcachedClient({ servers: server.address });
    const keys: string[] = [];
    for await (const key of client.keys()) keys.push(key);
    await client.close();
    return { keys, asked };
  };

  it.each([
    ['1.6.18', 'all'],
    ['1.6.19', 'hash'],
    ['1.6.45', 'hash'],
    ['1.5.6', 'all'],
  ])('of memcached %s is by %s', async (version, which) => {
    const { keys, asked } = await listing(version, ['key=a exp=-1\nkey=b exp=-1\nEND\r\n']);
    expect(keys).toEqual(['a', 'b']);
    expect(asked).toEqual([`lru_crawler metadump ${which}`]);
  });

  it('is asked for again while the table of the server grows', async () => {
    const { keys, asked } = await listing('1.6.45', [
      'ERROR locked try again later\r\n',
      'key=a exp=-1\nEND\r\n',
    ]);
    expect(keys).toEqual(['a']);
    expect(asked).toHaveLength(2);
  });
});

describe('a listing with limits of its own', () => {
  const serve = (script: (peer: Peer) => unknown): Promise<ScriptedServer> =>
    ScriptedServer.start(async (peer) => {
      await peer.negotiate();
      await script(peer);
    });
  const patient = (servers: string): MemcachedClient =>
    new MemcachedClient({ servers, connectTimeout: '60s', commandTimeout: '60s' });

  it.each<[when: string, start: () => Promise<ScriptedServer>]>([
    ['from its first word on', () => ScriptedServer.start(() => undefined)],
    ['once it is asked', () => serve(() => undefined)],
    ['after some keys', () => serve((peer) => peer.answer(() => 'key=a exp=-1\n'))],
  ])('waits for no part longer than its timeout: a server that is silent %s', async (_when, start) => {
    await using server = await start();
    await using client = patient(server.address);
    const listed = async (): Promise<void> => {
      for await (const key of client.keys({ timeout: 80 })) expect(key).toBe('a');
    };
    await expect(listed()).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT', timeoutMs: 80 });
  });

  it('waits no longer than its timeout for a server that lists its keys for somebody else', async () => {
    await using server = await serve((peer) =>
      peer.answer(() => 'BUSY currently processing crawler request\r\n'),
    );
    await using client = patient(server.address);
    await expect(client.keys({ timeout: 80 }).next()).rejects.toThrow('for somebody else');
  });

  it('ends between two keys when its signal is aborted', async () => {
    await using server = await serve((peer) => peer.answer(() => 'key=a exp=-1\nkey=b exp=-1\nEND\r\n'));
    await using client = patient(server.address);
    const abort = new AbortController();
    const keys = client.keys({ signal: abort.signal });
    expect(await keys.next()).toMatchObject({ value: 'a' });
    abort.abort(new Error('enough'));
    await expect(keys.next()).rejects.toThrow('enough');
  });
});

describeReal('the keys of a proxy', () => {
  it('are asked of the servers behind it, as the refusal says, whether it was used before or not', async () => {
    const server = await startMemcached();
    await using proxy = await SharedProxy.start('twemproxy', [server]);
    await using client = new MemcachedClient({ servers: proxy.address, commandTimeout: '2s' });
    for (const _ of ['at once', 'after another command']) {
      await expect(client.keys().next()).rejects.toMatchObject({
        code: 'MEMCACHED_UNSUPPORTED',
        message: expect.stringContaining(
          'is a proxy that passes no such command on; ask the servers behind it',
        ),
      });
      await client.set('k', 1);
    }
    await server.stop();
  });
});
