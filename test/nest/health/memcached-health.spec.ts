import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { MemcachedHealthIndicator, MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { describeReal, startMemcached } from '../../support/real-memcached.js';
import { ScriptedServer } from '../../support/scripted-server.js';
import { SharedProxy } from '../../support/shared-proxy.js';
import { codes, start } from './health-app.js';

describe('GET /health with Terminus 12', () => {
  it('is ok with figures of each server when all are well', async () => {
    await using one = await MemcachedServer.start();
    await using other = await MemcachedServer.start();
    await using shop = await start({ servers: [one.address, `${other.address}=2`] });
    const answer = await shop.ask();
    expect(answer).toMatchObject({
      code: 200,
      status: 'ok',
      entry: { status: 'up', state: 'up', upWeight: 1, reasons: [] },
    });
    expect(answer.entry.nodes[other.address]).toMatchObject({ state: 'up', weight: 2, maxConnections: 1024 });
    expect(Object.keys(answer.entry.nodes)).toEqual([one.address, other.address]);
  });

  it.each(['error', 'miss', 'next'] as const)(
    'weighs a server that is away, and says degraded as long as half of the weights answers, failover %s',
    async (failover) => {
      await using light = await MemcachedServer.start();
      await using heavy = await MemcachedServer.start();
      await using shop = await start({ servers: [light.address, `${heavy.address}=3`], failover });
      await light.close();
      for (const path of ['', '/ping']) {
        const answer = await shop.ask(path);
        expect(answer).toMatchObject({
          code: 200,
          status: 'degraded',
          entry: { state: 'degraded', upWeight: 0.75 },
        });
        expect(codes(answer)).toEqual(['unreachable']);
        expect(answer.entry.reasons[0].message).toContain(light.address);
        expect(answer.entry.nodes[light.address]).toEqual({ state: 'down', weight: 1, owed: 0 });
      }
      await heavy.close();
      expect(await shop.ask()).toMatchObject({
        code: 200,
        status: 'degraded',
        entry: { state: 'down', upWeight: 0 },
      });
      expect(await shop.ask('', { critical: true })).toMatchObject({
        code: 503,
        status: 'error',
        entry: { status: 'down', state: 'down' },
      });
    },
  );

  it.each(['ketama', 'rendezvous'] as const)(
    'weighs servers as the distribution does, which may ignore their weights: %s',
    async (distribution) => {
      await using one = await MemcachedServer.start();
      await using other = await MemcachedServer.start();
      const servers = [one.address, `${other.address}=0`];
      await using shop = await start({ servers, distribution });
      await other.close();
      for (const path of ['', '/ping']) {
        expect(await shop.ask(path)).toMatchObject({
          status: 'degraded',
          entry: { state: 'degraded', upWeight: 0.5, nodes: { [other.address]: { weight: 1 } } },
        });
      }
      const { servers: told } = await shop.app.get(MemcachedService).report();
      expect(told.map(({ weightShare }) => weightShare)).toEqual([0.5, 0.5]);
    },
  );

  it('leaves out a server that gets no keys', async () => {
    await using one = await MemcachedServer.start();
    await using other = await MemcachedServer.start();
    const servers = [one.address, `${other.address}=0`];
    await using shop = await start({ servers, distribution: 'python-memcached' });
    await other.close();
    expect(await shop.ask()).toMatchObject({ entry: { state: 'up', upWeight: 1 } });
  });

  it.each([
    ['an error', 'ERROR\r\n'],
    ['a refusal', 'SERVER_ERROR unsupported\r\n'],
    ['figures of its own', 'STAT version mcrouter 0.41.0\r\nSTAT uptime 5\r\nSTAT time 1\r\nEND\r\n'],
    ['nonsense', 'STAT garbage\r\nEND\r\n'],
  ])('judges what answers `stats` by %s by its pings', async (_what, stats) => {
    await using scripted = await ScriptedServer.start((peer) =>
      peer.answer((line) => {
        if (line === 'version') return 'VERSION 1.6.20\r\n';
        if (line === 'mn') return 'MN\r\n';
        return line.startsWith('stats') ? stats : 'ERROR\r\n';
      }),
    );
    await using shop = await start({ servers: scripted.address });
    for (let look = 0; look < 2; look += 1) {
      const { entry } = await shop.ask();
      expect(entry).toMatchObject({ status: 'up', state: 'up', reasons: [] });
      expect(entry.nodes[scripted.address]).toMatchObject({ state: 'up', stats: 'unavailable' });
    }
  });

  it('judges a proxy that hangs up on `stats` by its pings', async () => {
    await using backend = await MemcachedServer.start();
    await using proxy = await SharedProxy.start('twemproxy', [backend]);
    await using shop = await start({ servers: proxy.address });
    const { entry } = await shop.ask();
    expect(entry).toMatchObject({ status: 'up', state: 'up', reasons: [] });
    expect(entry.nodes[proxy.address]).toMatchObject({ stats: 'unavailable', version: '0.5.0' });
  });

  it('knows a server of another kind by its answer', async () => {
    const web = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    await using shop = await start({ servers: `127.0.0.1:${(web.address() as AddressInfo).port}` });
    expect(codes(await shop.ask())).toEqual(['not-memcached']);
    web.close();
  });

  it('sees wrong passwords and wrong clocks', async () => {
    await using locked = await MemcachedServer.start({ auth: { username: 'ann', password: 'right' } });
    const [host, port] = locked.address.split(':');
    await using wrong = await start({
      servers: { host, port: Number(port), username: 'ann', password: 'wrong' },
    });
    expect(codes(await wrong.ask())).toEqual(['unauthenticated']);
    await using late = await MemcachedServer.start({ now: () => Date.now() - 3_600_000 });
    await using shop = await start({ servers: late.address });
    const answer = await shop.ask();
    expect(answer).toMatchObject({ status: 'degraded', entry: { state: 'degraded', upWeight: 1 } });
    expect(codes(answer)).toEqual(['clock-drift']);
    expect(codes(await shop.ask('', { maxClockDrift: '2h' }))).toEqual([]);
  });

  it('asks once for all who ask at the same time', async () => {
    await using server = await MemcachedServer.start();
    await using shop = await start({ servers: server.address });
    const memcached = shop.app.get(MemcachedService);
    let rounds = 0;
    const stats = memcached.stats.bind(memcached);
    memcached.stats = ((...args: Parameters<typeof stats>) => {
      if (args[0] === undefined) rounds += 1;
      return stats(...args);
    }) as typeof stats;
    const indicator = shop.app.get(MemcachedHealthIndicator);
    await Promise.all([1, 2, 3].map(() => indicator.clusterCheck('memcached')));
    expect(rounds).toBe(1);
    await indicator.clusterCheck('memcached');
    expect(rounds).toBe(2);
  });

  it('never rejects, whatever it is asked', async () => {
    await using shop = await start({ servers: '127.0.0.1:1' });
    const indicator = shop.app.get(MemcachedHealthIndicator);
    const odd = await indicator.clusterCheck('memcached', { minUpWeight: 2 });
    expect(odd.memcached).toMatchObject({
      state: 'down',
      reasons: [{ code: 'error', message: 'clusterCheck.minUpWeight: expected a number from 0 to 1, got 2' }],
    });
    const unknown = await indicator.pingCheck('memcached', { name: 'sessions' });
    expect(unknown.memcached).toMatchObject({ state: 'down', reasons: [{ code: 'error' }] });
    const memcached = shop.app.get(MemcachedService);
    memcached.stats = () => {
      throw new Error('broken');
    };
    expect((await indicator.clusterCheck('memcached')).memcached.reasons[0].message).toBe('broken');
    memcached.stats = () => new Promise(() => {});
    expect((await indicator.clusterCheck('memcached', { timeout: 1 })).memcached.reasons[0]).toMatchObject({
      code: 'no-answer',
      message: expect.stringMatching(/: no answer within 1 ms$/),
    });
  });

  it('looks at the instance it is told to', async () => {
    await using server = await MemcachedServer.start();
    const testing = await Test.createTestingModule({
      imports: [
        MemcachedModule.forRoot({ name: 'sessions', servers: server.address }),
        MemcachedModule.forRoot({ name: 'pages', servers: '127.0.0.1:1' }),
      ],
    }).compile();
    const indicator = testing.get(MemcachedHealthIndicator);
    expect((await indicator.pingCheck('memcached', { name: 'sessions' })).memcached.state).toBe('up');
    expect((await indicator.pingCheck('memcached', { name: 'pages' })).memcached.state).toBe('down');
    await testing.close();
  });
});

describe('without Terminus 12', () => {
  it('says degraded where there is no Terminus at all', async () => {
    await using shop = await start({ servers: '127.0.0.1:1' }, undefined);
    const { memcached } = await shop.app.get(MemcachedHealthIndicator).clusterCheck('memcached');
    expect(memcached).toMatchObject({ status: 'degraded', state: 'down' });
  });

  it('says up, and degraded only in `state`, to a Terminus that drops what it does not know', async () => {
    @Injectable()
    class HealthIndicatorService {
      check = (key: string) => ({
        up: () => ({ [key]: { status: 'up' } }),
        down: () => ({ [key]: { status: 'down' } }),
      });
    }
    @Module({ providers: [HealthIndicatorService] })
    class TerminusModule {}
    await using shop = await start({ servers: '127.0.0.1:1' }, TerminusModule);
    const indicator = shop.app.get(MemcachedHealthIndicator);
    expect((await indicator.pingCheck('memcached')).memcached).toMatchObject({ status: 'up', state: 'down' });
    const critical = await indicator.pingCheck('memcached', { critical: true });
    expect(critical.memcached.status).toBe('down');
  });

  it('calls no class of the application that is called as that of Terminus is', async () => {
    let calls = 0;
    @Injectable()
    class HealthIndicatorService {
      check(): undefined {
        calls += 1;
        return undefined;
      }
    }
    @Module({ providers: [HealthIndicatorService] })
    class OpsModule {}
    await using shop = await start({ servers: '127.0.0.1:1' }, OpsModule);
    const { memcached } = await shop.app.get(MemcachedHealthIndicator).clusterCheck('memcached');
    expect([memcached.status, calls]).toEqual(['degraded', 0]);
  });

  it('never rejects, whatever Terminus says', async () => {
    @Injectable()
    class HealthIndicatorService {
      check(): undefined {
        return undefined;
      }
    }
    @Module({ providers: [HealthIndicatorService] })
    class TerminusModule {}
    await using shop = await start({ servers: '127.0.0.1:1' }, TerminusModule);
    const { memcached } = await shop.app.get(MemcachedHealthIndicator).clusterCheck('memcached');
    expect(memcached).toMatchObject({ status: 'up', state: 'down' });
  });
});

describeReal('GET /health on real servers', () => {
  it('tells a server that hangs from one that is gone, in bounded time', async () => {
    await using hung = await startMemcached();
    await using gone = await startMemcached();
    await using well = await startMemcached();
    await using shop = await start({ servers: [hung.address, gone.address, `${well.address}=2`] });
    expect(await shop.ask()).toMatchObject({ status: 'ok' });
    await hung.pause();
    await gone.stop();
    const answer = await shop.ask('', { timeout: 100 });
    expect(answer).toMatchObject({ status: 'degraded', entry: { state: 'degraded', upWeight: 0.5 } });
    expect(new Set(codes(answer))).toEqual(new Set(['no-answer', 'unreachable']));
  });

  it('counts the connections that are left, and tells when one was refused', async () => {
    await using server = await startMemcached({ args: ['-c', '100', '-o', 'maxconns_fast'] });
    await using shop = await start({ servers: server.address });
    expect(codes(await shop.ask())).toEqual([]);
    const { host, port } = server;
    const sockets: Socket[] = [];
    // Until memcached turns one away, which it does by closing it.
    for (let refused = false; !refused;) {
      const socket = connect({ host, port });
      socket.on('error', () => {});
      sockets.push(socket);
      socket.write('version\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      refused = answer.toString().startsWith('ERROR');
    }
    const answer = await shop.ask();
    for (const socket of sockets) socket.destroy();
    expect(answer).toMatchObject({ status: 'degraded', entry: { state: 'degraded', upWeight: 1 } });
    expect(codes(answer)).toContain('connections-nearly-exhausted');
    expect(codes(answer)).toContain('connections-refused');
  });
});
