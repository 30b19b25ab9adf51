import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { type MemcachedModuleOptions, MemcachedService } from '../../lib/index.js';
import { instrument } from '../../lib/prometheus/index.js';
import { FaultyServer } from '../../lib/testing/index.js';
import { describeReal, type RealMemcached, startMemcached } from '../support/real-memcached.js';
import { namesOf, samplesOf } from './samples.js';

describeReal('the metrics of servers', () => {
  let server: RealMemcached;
  let memcached: MemcachedService;
  let register: Registry;

  const serve = (...servers: string[]): MemcachedService => serveWith({ servers });
  const serveWith = (options: MemcachedModuleOptions): MemcachedService => {
    memcached = new MemcachedService(options);
    instrument(memcached, { register, timeout: '200ms' });
    return memcached;
  };

  beforeEach(async () => {
    server = await startMemcached();
    register = new Registry();
  });
  afterEach(async () => {
    await memcached.close();
    await server.stop();
  });

  it('bear the names, types and labels of the exporter, and the server’s figures', async () => {
    serve(server.address);
    const { client } = memcached;
    await client.set('a', 'value');
    await client.get('a');
    await client.get('b');
    const { cas } = (await client.gets('a'))!;
    await client.cas('a', 'other', cas);
    await client.incr('none');
    const at = `{server="${server.address}"}`;
    const value = async (name: string, labels = at): Promise<number | undefined> =>
      (await samplesOf(register, `memcached_${name}`)).get(labels);
    expect(await value('up')).toBe(1);
    expect(await value('current_items')).toBe(1);
    expect(await value('limit_bytes')).toBe(64 * 1024 * 1024);
    expect(await value('current_bytes')).toBeGreaterThan(0);
    expect(await value('items_evicted_total')).toBe(0);
    expect(await value('process_user_cpu_seconds_total')).toBeGreaterThanOrEqual(0);
    const commands = await samplesOf(register, 'memcached_commands_total');
    const count = (command: string, status: string): number | undefined =>
      commands.get(`{server="${server.address}",command="${command}",status="${status}"}`);
    expect([count('get', 'hit'), count('get', 'miss')]).toEqual([2, 1]);
    expect([count('set', 'hit'), count('cas', 'hit'), count('incr', 'miss')]).toEqual([1, 1, 1]);
    const [[labels]] = await samplesOf(register, 'memcached_version');
    expect(labels).toMatch(/^\{server="[\d.:]+",version="1\.\d+\.\d+"\}$/);
    const names = await namesOf(register);
    expect(names.get('memcached_commands_total')).toBe('counter');
    expect(names.get('memcached_current_bytes')).toBe('gauge');
  });

  it('come of one question to each server in each scrape', async () => {
    serve(server.address);
    const before = await register.metrics();
    expect(before).toContain('memcached_up');
    const asked = async (): Promise<number> => {
      const line = await register.getSingleMetricAsString('nestjs_memcached_command_duration_seconds');
      return Number(/_count\{[^}]*command="stats"\} (\d+)/.exec(line)?.[1]);
    };
    expect(await asked()).toBe(1);
    await register.metrics();
    expect(await asked()).toBe(2);
  });

  it.each(['error', 'miss', 'next'] as const)(
    'tell that a server is away, and keep nobody waiting for it, failover %s',
    async (failover) => {
      const proxy = await FaultyServer.start(() => Date.now());
      serveWith({ servers: [server.address, proxy.address, '127.0.0.1:1'], failover });
      await memcached.client.stats();
      proxy.stall();
      // Its answer is held back for ever: the scrape ends all the same.
      const up = await samplesOf(register, 'memcached_up');
      expect(up).toEqual(
        new Map([
          [`{server="${server.address}"}`, 1],
          [`{server="${proxy.address}"}`, 0],
          ['{server="127.0.0.1:1"}', 0],
        ]),
      );
      const items = await samplesOf(register, 'memcached_current_items');
      expect([...items.keys()]).toEqual([`{server="${server.address}"}`]);
      await proxy[Symbol.asyncDispose]();
    },
  );

  it('are there once for a server that several instances have', async () => {
    const other = new MemcachedService({ servers: server.address, instance: 'other' });
    memcached = new MemcachedService({ servers: server.address });
    instrument([memcached, other.client], { register });
    expect((await samplesOf(register, 'memcached_up')).size).toBe(1);
    expect((await samplesOf(register, 'nestjs_memcached_node_up')).size).toBe(2);
    await other.close();
  });

  it('are those of the instances that live, where another one is closed', async () => {
    const other = await startMemcached();
    const closed = new MemcachedService({ servers: other.address, instance: 'closed' });
    memcached = new MemcachedService({ servers: server.address });
    instrument([closed, memcached], { register });
    await closed.close();
    expect(await samplesOf(register, 'memcached_up')).toEqual(
      new Map([
        [`{server="${server.address}"}`, 1],
        [`{server="${other.address}"}`, 0],
      ]),
    );
    const items = await samplesOf(register, 'memcached_current_items');
    expect([...items.keys()]).toEqual([`{server="${server.address}"}`]);
    await other.stop();
  });

  it('are those of a client that is closed: nothing is up, and nothing fails', async () => {
    serve(server.address);
    await memcached.close();
    expect([...(await samplesOf(register, 'memcached_up')).values()]).toEqual([0]);
  });
});
