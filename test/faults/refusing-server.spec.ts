import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { MemcachedClient } from '../../lib/client/client.js';
import { performance } from '../../lib/timers.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { ScriptedServer } from '../support/scripted-server.js';

describe('a peer that hangs up on the meta dialect', () => {
  /** Answers as memcached does, but hangs up on so many of the first connections that ask for the meta dialect. */
  function hangingUp(times: number): Promise<ScriptedServer> {
    let left = times;
    return ScriptedServer.start((peer) =>
      peer.answer((line) => {
        if (line === 'version') return 'VERSION 1.6.18\r\n';
        if (line.startsWith('stats')) return 'STAT pid 1\r\nEND\r\n';
        if (line.startsWith('get ')) return 'END\r\n';
        if (line.startsWith('mg ')) return `EN ${line.split(' ').at(-1)}\r\n`;
        left -= 1;
        if (left < 0) return 'MN\r\n';
        peer.hangUp();
        return '';
      }),
    );
  }

  it('once, as a server does that restarts, is asked again', async () => {
    await using scripted = await hangingUp(1);
    await using client = new MemcachedClient({ servers: scripted.address });
    expect(await client.get('k')).toBeUndefined();
    // In the classic dialect, a proxy would be spared this question.
    expect((await client.stats()).get(scripted.address)).toMatchObject({ pid: 1 });
    expect(scripted.peers).toHaveLength(2);
  });

  it('every time, as a proxy does, is spoken to in the classic one', async () => {
    await using scripted = await hangingUp(Infinity);
    await using client = new MemcachedClient({ servers: scripted.address });
    expect(await client.get('k')).toBeUndefined();
    expect(scripted.peers).toHaveLength(3);
    expect((await client.stats()).failures).toMatchObject([{ error: { code: 'MEMCACHED_UNSUPPORTED' } }]);
    // Known by now, it is asked once at each further connection.
    scripted.peers[2].hangUp();
    await scripted.peers[2].gone;
    expect(await client.get('k')).toBeUndefined();
    expect(scripted.peers).toHaveLength(5);
  });
});

describe('a proxy that hangs up when it refuses a line of many keys', () => {
  /** What each connection was asked, without what is asked first. */
  let asked: string[][];
  let clock: jest.SpiedFunction<typeof performance.now> | undefined;

  beforeEach(() => {
    asked = [];
  });
  afterEach(() => clock?.mockRestore());

  /** Speaks meta when it is one no more. */
  function proxy(is: { upgraded: boolean; patient?: boolean }): Promise<ScriptedServer> {
    return ScriptedServer.start((peer) => {
      const lines: string[] = [];
      asked.push(lines);
      return peer.answer((line) => {
        lines.push(line);
        if (line === 'version') return 'VERSION 1.6.18\r\n';
        if (line === 'get slow') return '';
        if (/^get \S+$/.test(line)) return 'END\r\n';
        if (line.startsWith('get ')) {
          peer.send('SERVER_ERROR Connection timed out\r\n');
          if (is.patient !== true) peer.socket.end();
          return '';
        }
        if (is.upgraded && line.startsWith('mg ')) return `EN ${line.split(' ').at(-1)}\r\n`;
        if (is.upgraded) return line === 'mn' ? 'MN\r\n' : 'END\r\n';
        peer.hangUp();
        return undefined;
      });
    });
  }

  /** What this process takes for the time moves on. */
  function pass(seconds: number): void {
    const { now } = performance;
    clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + seconds * 1000);
  }

  it('is asked for each key at once, on a connection that asks nothing else, and for lines no more', async () => {
    await using scripted = await proxy({ upgraded: false });
    await using client = new MemcachedClient({ servers: scripted.address });
    for (let times = 0; times < 2; times += 1) {
      expect((await client.getMany(['a', 'b'])).failures).toEqual([]);
    }
    expect(asked.slice(2)).toEqual([
      ['version', 'get a b'],
      ['get a', 'get b', 'get a', 'get b'],
    ]);
  });

  it('is asked for each key of a line that was on its way when it hung up', async () => {
    await using scripted = await proxy({ upgraded: false });
    await using client = new MemcachedClient({ servers: scripted.address });
    await client.get('k');
    const all = await Promise.all([client.getMany(['a', 'b']), client.getMany(['c', 'd'])]);
    expect(all.flatMap(({ failures }) => failures)).toEqual([]);
    expect(asked.flat().filter((line) => line.endsWith('d'))).toEqual(['get c d', 'get d']);
    expect(asked).toHaveLength(4);
  });

  it('is asked for its dialect once that is over, while the connection before answers what it was asked', async () => {
    const is = { upgraded: false };
    await using scripted = await proxy(is);
    await using client = new MemcachedClient({ servers: scripted.address, commandTimeout: '1h' });
    await client.getMany(['a', 'b']);
    const slow = client.get('slow');
    is.upgraded = true;
    pass(11);
    expect(await client.get('k')).toBeUndefined();
    expect(asked).toHaveLength(5);
    expect(asked[4]).toEqual(['version', 'mn', 'stats', 'stats settings', expect.stringMatching(/^mg k /)]);
    scripted.peers[3].send('END\r\n');
    expect(await slow).toBeUndefined();
    await scripted.peers[3].gone;
  });

  it('is asked for its dialect at once when it hangs up later on', async () => {
    await using scripted = await proxy({ upgraded: false, patient: true });
    await using client = new MemcachedClient({ servers: scripted.address });
    await client.getMany(['a', 'b']);
    pass(2);
    scripted.peers[2].hangUp();
    await scripted.peers[2].gone;
    expect(await client.get('k')).toBeUndefined();
    expect(asked[3]).toContain('mn');
  });
});

describe('a server that never answers a question for its statistics', () => {
  it('is spoken to in the classic dialect, in which it is not asked', async () => {
    await using scripted = await ScriptedServer.start((peer) =>
      peer.answer((line) => {
        if (line === 'version') return 'VERSION 1.6.18\r\n';
        if (line.startsWith('stats')) return '';
        return line === 'mn' ? 'MN\r\n' : 'END\r\n';
      }),
    );
    await using client = new MemcachedClient({ servers: scripted.address, commandTimeout: '10s' });
    await expect(client.get('k')).resolves.toBeUndefined();
    expect(scripted.peers).toHaveLength(3);
    expect(client.topology()).toMatchObject([{ state: 'up' }]);
  });
});

describeReal('a server that refuses', () => {
  let server: RealMemcached;

  afterEach(() => server.stop());

  it('more connections is in use once it has one', async () => {
    server = await startMemcached({ args: ['-c', '40', '-o', 'maxconns_fast'] });
    const sockets: Socket[] = [];
    for (let refused = false; !refused;) {
      const socket = connect(server.port, server.host);
      sockets.push(socket.on('error', () => undefined));
      await once(socket, 'connect');
      socket.write('version\r\n');
      // A server that hangs up with this line unread may reset the connection before its answer has been read.
      refused = await once(socket, 'data').then(
        ([answer]) => String(answer).startsWith('ERROR'),
        () => true,
      );
    }
    await using client = new MemcachedClient({ servers: server.address });
    await expect(client.get('k')).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      outcome: 'not-sent',
      message: expect.stringContaining("has no connection left (raise memcached's -c)"),
    });
    const up = new Promise<void>((resolve) => client.on('node', ({ state }) => state === 'up' && resolve()));
    for (const socket of sockets) socket.destroy();
    await up;
    expect(await client.set('k', 'v')).toBe(true);
  });

  it('a password tells so, and nobody the password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'auth-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'users'), 'alice:s3cret\n');
    server = await startMemcached({ args: ['-Y', join(folder, 'users')] });
    const { host, port } = server;
    for (const [password, says] of [
      ['wr0ng-secret', /refuses the username and password/],
      [undefined, /asks for a username and password/],
    ] as const) {
      const credentials = password === undefined ? {} : { username: 'alice', password };
      await using client = new MemcachedClient({ servers: { host, port, ...credentials } });
      const error: unknown = await client.connect().catch((reason: unknown) => reason);
      expect((error as Error).message).toMatch(says);
      expect(inspect([error, client], { depth: 12 })).not.toMatch(/wr0ng/);
    }
    await using client = new MemcachedClient({
      servers: { host, port, username: 'alice', password: 's3cret' },
    });
    expect(await client.set('k', 'v')).toBe(true);
    expect(inspect(client, { depth: 12 })).not.toMatch(/s3cret/);
    rmSync(folder, { recursive: true });
  });

  it('nothing, but lost idle connections on the way, is read from all the same', async () => {
    server = await startMemcached();
    await using proxy = await FaultProxy.start(server);
    await using client = new MemcachedClient({ servers: proxy.address });
    await client.set('k', 'v');
    for (let count = 0; count < 5; count += 1) {
      proxy.cutAll();
      expect(await client.get('k')).toBe('v');
      expect(await client.incr('n', 1, { initial: 0 })).toBe(count);
    }
    expect(client.topology()[0].state).toBe('up');
  });
});
