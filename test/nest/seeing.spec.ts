import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { MemcachedModule, type MemcachedModuleOptions, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';

/** Keeps what would be written. */
class Lines implements LoggerService {
  readonly warnings: string[] = [];
  readonly logs: string[] = [];
  log(message: string, context: string): void {
    // The line about the start has tests of its own.
    if (context.startsWith('Memcached') && !/^\d+ servers?: /.test(message)) this.logs.push(message);
  }
  warn(message: string, context: string): void {
    if (context.startsWith('Memcached')) this.warnings.push(message);
  }
  error(): void {}
}

describe('seeing what the cache does', () => {
  let server: MemcachedServer;
  let module: TestingModule;
  let lines: Lines;
  const undo: (() => void)[] = [];

  const start = async (options: MemcachedModuleOptions = {}): Promise<MemcachedService> => {
    module = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address, connectAtStart: false, ...options })],
    }).compile();
    lines = new Lines();
    Logger.overrideLogger(lines);
    await module.init();
    return module.get(MemcachedService);
  };
  const listen = (...names: string[]): unknown[] => {
    const seen: unknown[] = [];
    for (const name of names) {
      const keep = (message: unknown): void => void seen.push({ name, ...(message as object) });
      subscribe(`nestjs-memcached:cache:${name}`, keep);
      undo.push(() => unsubscribe(`nestjs-memcached:cache:${name}`, keep));
    }
    return seen;
  };

  beforeEach(async () => {
    server = await MemcachedServer.start();
  });
  afterEach(async () => {
    for (const step of undo.splice(0)) step();
    await module.close();
    await server.close();
    Logger.overrideLogger(false);
  });

  it('publishes what happens in the cache', async () => {
    const memcached = await start();
    const seen = listen('hit', 'miss', 'lease-won', 'load', 'load-failure', 'invalidation', 'store-error');
    await memcached.getOrSet('a', () => 1);
    await memcached.getOrSet('a', () => 1);
    await memcached.invalidate('a');
    await memcached.invalidateTags('news');
    const failure = new Error('database is away');
    const failing = (): never => {
      throw failure;
    };
    await expect(memcached.getOrSet('b', failing)).rejects.toBe(failure);
    expect(seen.slice(0, 5)).toMatchObject([
      { name: 'miss', key: 'a' },
      { name: 'lease-won', key: 'a' },
      { name: 'load', key: 'a' },
      { name: 'hit', key: 'a' },
      { name: 'invalidation', key: 'a' },
    ]);
    expect(seen).toContainEqual({ name: 'invalidation', key: 'news', instance: 'default', group: 'news' });
    expect(seen).toContainEqual({
      name: 'load-failure',
      key: 'b',
      instance: 'default',
      group: 'b',
      error: failure,
    });
    await server.close();
    await memcached.getOrSet('a', () => 1);
    const error: unknown = expect.objectContaining({ code: 'MEMCACHED_CONNECTION' });
    expect(seen).toContainEqual({ name: 'store-error', key: 'a', instance: 'default', group: 'a', error });
  });

  it('keeps keys out of the messages when told to', async () => {
    const memcached = await start({ diagnosticKeys: false });
    const seen = listen('miss');
    await memcached.getOrSet('who', () => 1);
    expect(seen).toStrictEqual([{ name: 'miss', instance: 'default', group: '*' }]);
    expect(channel('nestjs-memcached:cache:miss').hasSubscribers).toBe(true);
  });

  it('writes one line when a server goes down, with the reason and what happens now, and one when it is back', async () => {
    const memcached = await start();
    const state = async (wanted: string): Promise<void> => {
      for (;;) {
        const [event] = await once(memcached.client, 'node');
        if (event.state === wanted) return;
      }
    };
    await memcached.connect();
    const down = state('down');
    const { port, address } = server;
    await server.close();
    await memcached.get('secret-key').catch(() => undefined);
    await down;
    for (let request = 0; request < 20; request += 1) await memcached.get('k').catch(() => undefined);
    expect(lines.warnings).toStrictEqual([expect.stringMatching(`^${address} is down: .*ECONNREFUSED`)]);
    expect(lines.warnings[0]).toContain('cached methods run uncached; 0 of 1 servers are up.');
    const up = state('up');
    server = await MemcachedServer.start({ port });
    await up;
    expect(lines.logs).toStrictEqual([expect.stringMatching(`^${address} is up again, after `)]);
    expect([...lines.warnings, ...lines.logs].join()).not.toContain('secret-key');
  });

  it('writes a change of the list of servers', async () => {
    const memcached = await start();
    memcached.setServers([server.address, '127.0.0.1:1']);
    expect(lines.logs).toStrictEqual(['The list of servers has changed; new: 127.0.0.1:1.']);
  });

  it('reports on the servers, their sums and the cache', async () => {
    const other = await MemcachedServer.start();
    const memcached = await start({ servers: [`${server.address}=3`, other.address] });
    const first = await memcached.report();
    expect(first.total).not.toHaveProperty('recentHitRatio');
    await memcached.client.setMany(Array.from({ length: 400 }, (_, index) => [`key:${index}`, index]));
    for (let index = 0; index < 10; index += 1)
      await memcached.get(index < 6 ? `key:${index}` : `missing:${index}`);
    const { servers, total } = await memcached.report({ since: first });
    expect(servers.map(({ server: id, weight, weightShare }) => ({ id, weight, weightShare }))).toStrictEqual(
      [
        { id: server.address, weight: 3, weightShare: 0.75 },
        { id: other.address, weight: 1, weightShare: 0.25 },
      ],
    );
    expect(total).toMatchObject({ items: 400, evictions: 0 });
    expect(total.recentHitRatio).toBeCloseTo(0.6);
    expect(servers[0].itemShare! + servers[1].itemShare!).toBeCloseTo(1);
    expect(servers[0].itemShare).toBeGreaterThan(servers[1].itemShare!);
    expect(servers[0]).toMatchObject({ state: 'up', owed: 0, latency: { count: expect.any(Number) } });

    await memcached.getOrSet('computed', () => 1);
    await other.close();
    const after = await memcached.report();
    expect(after.cache).toMatchObject({ hit: 6, miss: 5, load: 1 });
    expect(after.total).not.toHaveProperty('recentHitRatio');
    expect(after.servers[1].problem).toContain(other.address);
    expect(after.servers[1]).not.toHaveProperty('items');
    expect(after.total.items).toBe(after.servers[0].items);
  });
});
