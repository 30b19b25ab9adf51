import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemcachedService } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { certificates, type Certificates } from '../../support/certificates.js';
import { describeReal, type RealMemcached, startMemcached } from '../../support/real-memcached.js';
import { codes, start } from './health-app.js';

/** How a single server that does not answer looks to Terminus 12, where the cache is not critical. */
const DOWN = {
  code: 200,
  status: 'degraded',
  entry: { status: 'degraded', state: 'down', upWeight: 0 },
};

/** How one looks that answers, but has something to complain about. */
const DEGRADED = {
  code: 200,
  status: 'degraded',
  entry: { status: 'degraded', state: 'degraded', upWeight: 1 },
};

const WELL = { code: 200, status: 'ok', entry: { status: 'up', state: 'up', upWeight: 1, reasons: [] } };

/** How the same server looks where the cache is critical. */
const CRITICAL = { code: 503, status: 'error', entry: { status: 'down', state: 'down' } };

/** Opens connections until the server turns one away. */
async function exhaust({ host, port }: RealMemcached): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (;;) {
    const socket = connect({ host, port }).on('error', () => {});
    sockets.push(socket);
    socket.write('version\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (answer.toString().startsWith('ERROR')) return sockets;
  }
}

describeReal('GET /health, of a real server', () => {
  let folder: string;
  let keys: Certificates;

  beforeAll(() => {
    keys = certificates();
    folder = mkdtempSync(join(tmpdir(), 'auth-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'users'), 'alice:s3cret\n');
  });

  afterAll(() => {
    keys.remove();
    rmSync(folder, { recursive: true });
  });

  const startLocked = () => startMemcached({ args: ['-Y', join(folder, 'users')] });
  const startTls = () => startMemcached({ args: keys.memcachedArgs });

  // Fewer connections than memcached needs files for itself (`-c 10`) keep it from starting.
  it('whose connections are exhausted, says so to who has one and to who wants one', async () => {
    await using server = await startMemcached({ args: ['-c', '16'] });
    await using early = await start({ servers: server.address });
    expect(await early.ask()).toMatchObject(WELL);
    const sockets = await exhaust(server);
    const answer = await early.ask();
    await using late = await start({ servers: server.address });
    const refused = await late.ask();
    for (const socket of sockets) socket.destroy();
    expect(answer).toMatchObject(DEGRADED);
    expect(codes(answer)).toEqual(['connections-refused']);
    expect(refused).toMatchObject(DOWN);
    expect(refused.entry.reasons).toMatchObject([
      { code: 'connections-refused', message: expect.stringContaining("raise memcached's -c") },
    ]);
  });

  it('whose connections are exhausted, and which lets the next one wait, does not accept', async () => {
    await using server = await startMemcached({ args: ['-c', '16', '-o', 'no_maxconns_fast'] });
    // Its connection is to be kept, however slow this machine is: there is none to be had in its place.
    await using early = await start({ servers: server.address, commandTimeout: '60s' });
    expect(await early.ask()).toMatchObject(WELL);
    const sockets: Socket[] = [];
    let answer = await early.ask();
    while (!codes(answer).includes('not-accepting')) {
      // Not waited for: once it has stopped listening, a connection is not even made.
      sockets.push(connect(server).on('error', () => {}));
      answer = await early.ask();
    }
    await using late = await start({ servers: server.address });
    const waiting = await late.ask('', { timeout: 50 });
    for (const socket of sockets) socket.destroy();
    expect(answer).toMatchObject(DEGRADED);
    expect(waiting).toMatchObject(DOWN);
    expect(codes(waiting)).toEqual(['no-answer']);
  });

  it('whose memory is full, reports what it evicts, and is well', async () => {
    await using server = await startMemcached({ args: ['-m', '2'] });
    await using shop = await start({ servers: server.address });
    expect(await shop.ask()).toMatchObject(WELL);
    const memcached = shop.app.get(MemcachedService);
    const value = Buffer.alloc(100_000);
    for (let n = 0; n < 200; n += 1) await memcached.set(`k${n}`, value);
    const answer = await shop.ask();
    expect(answer).toMatchObject(WELL);
    const { evictions, memoryBytes, items } = answer.entry.nodes[server.address];
    expect(evictions).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(items).toBeLessThan(200);
  });

  it('whose memory is full and which may not evict, is degraded until it has room again', async () => {
    await using server = await startMemcached({ args: ['-m', '2', '-M'] });
    await using shop = await start({ servers: server.address });
    expect(await shop.ask()).toMatchObject(WELL);
    const memcached = shop.app.get(MemcachedService);
    const value = Buffer.alloc(100_000);
    const stored: boolean[] = [];
    for (let n = 0; n < 200; n += 1) stored.push(await memcached.set(`k${n}`, value));
    expect([stored[0], stored.at(-1)]).toEqual([true, false]);
    expect(memcached.counters.storeError).toBeGreaterThan(0);
    const answer = await shop.ask();
    expect(answer).toMatchObject(DEGRADED);
    expect(codes(answer)).toEqual(['memory-exhausted']);
    expect(await shop.ask()).toMatchObject(WELL);
  });

  it('that is owed invalidations, tells how many, and is degraded once they are more than are remembered', async () => {
    await using server = await startMemcached({ args: ['-o', 'no_lru_crawler'] });
    const options = { servers: server.address, commandTimeout: 50, maxOwedDeletes: 2 };
    await using shop = await start({ ...options, reconnectDelay: { min: 1, max: 1 } });
    expect((await shop.ask()).entry.nodes[server.address]).toMatchObject({ owed: 0 });
    const memcached = shop.app.get(MemcachedService);
    await server.pause();
    await memcached.invalidate('a', 'b');
    expect((await shop.ask('/ping', { timeout: 50 })).entry.nodes[server.address]).toMatchObject({ owed: 2 });
    await memcached.invalidate('c', 'd');
    server.kill('SIGCONT');
    let answer = await shop.ask();
    while (answer.entry.upWeight === 0) answer = await shop.ask();
    expect(answer).toMatchObject(DEGRADED);
    expect(codes(answer)).toEqual(['invalidations-owed']);
    expect(answer.entry.nodes[server.address]).toMatchObject({ owed: 'overflow' });
  });

  it('which was just restarted, is degraded until it has warmed up', async () => {
    const first = await startMemcached();
    await using shop = await start({ servers: first.address, reconnectDelay: { min: 1, max: 1 } });
    expect(await shop.ask()).toMatchObject(WELL);
    await first.stop();
    expect(await shop.ask()).toMatchObject(DOWN);
    await using _second = await startMemcached({ port: first.port });
    let answer = await shop.ask();
    while (answer.entry.upWeight === 0) answer = await shop.ask();
    expect(answer).toMatchObject(DEGRADED);
    expect(codes(answer)).toEqual(['restarted']);
    expect(await shop.ask('', { warmUp: 0 })).toMatchObject(WELL);
  });

  it('which is paused, is answered while it still is, and is well when it goes on', async () => {
    await using server = await startMemcached();
    await using shop = await start({ servers: server.address, reconnectDelay: { min: 1, max: 1 } });
    expect(await shop.ask()).toMatchObject(WELL);
    await server.pause();
    for (const path of ['', '/ping']) {
      const answer = await shop.ask(path, { timeout: 50 });
      expect(answer).toMatchObject(DOWN);
      expect(codes(answer)).toEqual(['no-answer']);
    }
    expect(await shop.ask('', { timeout: 50, critical: true })).toMatchObject(CRITICAL);
    // Nobody who starts now gets an answer either.
    await using late = await start({ servers: server.address });
    expect(codes(await late.ask('', { timeout: 50 }))).toEqual(['no-answer']);
    server.kill('SIGCONT');
    let answer = await shop.ask();
    while (answer.entry.upWeight === 0) answer = await shop.ask();
    expect(answer).toMatchObject(WELL);
  });

  it('which was killed, is unreachable', async () => {
    await using server = await startMemcached();
    await using shop = await start({ servers: server.address });
    expect(await shop.ask()).toMatchObject(WELL);
    await server.stop();
    for (const path of ['', '/ping']) {
      const answer = await shop.ask(path);
      expect(answer).toMatchObject(DOWN);
      expect(codes(answer)).toEqual(['unreachable']);
    }
    expect(await shop.ask('', { critical: true })).toMatchObject(CRITICAL);
  });

  it('which is a web server, is no memcached', async () => {
    const web = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const { port } = web.address() as AddressInfo;
    await using shop = await start({ servers: `127.0.0.1:${port}` });
    for (const path of ['', '/ping']) {
      const answer = await shop.ask(path);
      expect(answer).toMatchObject(DOWN);
      expect(codes(answer)).toEqual(['not-memcached']);
    }
    web.close();
  });

  it('which is asked in TLS and does not speak it, is unreachable', async () => {
    await using server = await startMemcached();
    const { host, port } = server;
    await using shop = await start({ servers: { host, port, tls: { ca: keys.ca } } });
    for (const path of ['', '/ping']) {
      const answer = await shop.ask(path);
      expect(answer).toMatchObject(DOWN);
      expect(answer.entry.reasons).toMatchObject([
        {
          code: 'unreachable',
          message: expect.stringMatching(
            /cannot connect: TLS: wrong version number; the server may not speak TLS$/,
          ),
        },
      ]);
    }
  });

  it('which speaks TLS, is unreachable to who does not, and to who does not trust it', async () => {
    await using server = await startTls();
    const { host, port } = server;
    await using right = await start({ servers: { host, port, tls: { ca: keys.ca } } });
    expect(await right.ask()).toMatchObject(WELL);
    for (const tls of [false, true]) {
      await using shop = await start({ servers: { host, port, tls } });
      for (const path of ['', '/ping']) {
        const answer = await shop.ask(path);
        expect(answer).toMatchObject(DOWN);
        expect(codes(answer)).toEqual(['unreachable']);
      }
    }
  });

  it('which refuses the password, or misses one, is unauthenticated', async () => {
    await using server = await startLocked();
    const { host, port } = server;
    await using right = await start({ servers: { host, port, username: 'alice', password: 's3cret' } });
    expect(await right.ask()).toMatchObject(WELL);
    for (const credentials of [{ username: 'alice', password: 'wr0ng' }, {}]) {
      await using shop = await start({ servers: { host, port, ...credentials } });
      for (const path of ['', '/ping']) {
        const answer = await shop.ask(path);
        expect(answer).toMatchObject(DOWN);
        expect(codes(answer)).toEqual(['unauthenticated']);
        expect(JSON.stringify(answer)).not.toContain('wr0ng');
      }
    }
    // Those with the right password hear of it.
    const answer = await right.ask();
    expect(answer).toMatchObject(DEGRADED);
    expect(codes(answer)).toEqual(['auth-errors']);
  });

  // No process has a clock of its own: it takes the embedded server to have another one.
  it.each([
    ['behind', -3_600_000],
    ['ahead', 3_600_000],
  ])('whose clock is an hour %s, is degraded', async (way, difference) => {
    await using server = await MemcachedServer.start({ now: () => Date.now() + difference });
    await using shop = await start({ servers: server.address });
    const answer = await shop.ask();
    expect(answer).toMatchObject(DEGRADED);
    expect(answer.entry.reasons).toMatchObject([
      {
        code: 'clock-drift',
        message: expect.stringMatching(new RegExp(String.raw`its clock is 3[56]\d\d s ${way}$`)),
      },
    ]);
    expect(await shop.ask('', { maxClockDrift: '2h' })).toMatchObject(WELL);
  });
});
