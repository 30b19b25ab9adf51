import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Counter, type OpenMetricsContentType, register as globalRegister, Registry } from 'prom-client';
import {
  Cacheable,
  getMemcachedToken,
  MemcachedClient,
  MemcachedModule,
  MemcachedService,
} from '../../lib/index.js';
import { instrument } from '../../lib/prometheus/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { namesOf, samplesOf } from './samples.js';

@Injectable()
class Products {
  @Cacheable({ key: 'product:{id}', params: ['id'] })
  async find(id: number): Promise<object> {
    if (id < 0) throw new RangeError('no such product');
    return { id };
  }

  @Cacheable({ key: 'file:{0}' })
  async file(_id: number): Promise<unknown> {
    return () => 'cannot be stored';
  }
}

describe('the metrics of clients and caches', () => {
  let server: MemcachedServer;
  let module: TestingModule;
  let memcached: MemcachedService;
  let sessions: MemcachedService;
  let register: Registry;
  let stop: () => void;

  beforeEach(async () => {
    server = await MemcachedServer.start();
    const common = { servers: server.address, connectAtStart: false, isGlobal: true };
    module = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot(common), MemcachedModule.forRoot({ ...common, name: 'sessions' })],
      providers: [Products],
    }).compile();
    await module.init();
    memcached = module.get(MemcachedService);
    sessions = module.get<MemcachedService>(getMemcachedToken('sessions'));
    register = new Registry();
    stop = instrument(memcached, { register });
  });
  afterEach(async () => {
    stop();
    await module.close();
    await server.close();
  });

  it('measure commands in seconds, by instance, server and command', async () => {
    await memcached.client.set('a', 1);
    await memcached.client.get('a');
    await memcached.client.get('b');
    const name = 'nestjs_memcached_command_duration_seconds';
    const labels = (command: string): string =>
      `cache="default",server="${server.address}",command="${command}"`;
    const counts = await samplesOf(register, `${name}_count`);
    expect(counts.get(`{${labels('set')}}`)).toBe(1);
    expect(counts.get(`{${labels('get')}}`)).toBe(2);
    const sum = (await samplesOf(register, `${name}_sum`)).get(`{${labels('get')}}`)!;
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(10);
    const buckets = await samplesOf(register, `${name}_bucket`);
    const ofGet = [...buckets].filter(([key]) => key.includes('command="get"')).map(([, value]) => value);
    expect(ofGet).toEqual(ofGet.toSorted((one, other) => one - other));
    expect(buckets.get(`{le="+Inf",${labels('get')}}`)).toBe(2);
    expect((await namesOf(register)).get(name)).toBe('histogram');
  });

  it('count keys that were read, one by one, and failures by their code', async () => {
    await memcached.client.setMany([
      ['a', 1],
      ['b', 2],
    ]);
    await memcached.client.getMany(['a', 'b', 'c']);
    await memcached.client.get('c');
    const keys = await samplesOf(register, 'nestjs_memcached_read_keys_total');
    const at = `cache="default",server="${server.address}"`;
    expect(keys).toEqual(
      new Map([
        [`{${at},result="hit"}`, 2],
        [`{${at},result="miss"}`, 2],
      ]),
    );
    await memcached.client.set('a', 'text');
    await memcached.client.incr('a').catch(() => undefined);
    expect(await samplesOf(register, 'nestjs_memcached_command_errors_total')).toEqual(
      new Map([[`{${at},command="incr",code="MEMCACHED_SERVER"}`, 1]]),
    );
  });

  it('count what a cache serves by the templates of decorators, and measure loads', async () => {
    const products = module.get(Products);
    await products.find(7);
    await products.find(7);
    await products.find(-1).catch(() => undefined);
    await memcached.get('session:9f8e');
    const requests = await samplesOf(register, 'nestjs_memcached_cache_requests_total');
    expect(requests).toEqual(
      new Map([
        ['{cache="default",group="product:{id}",result="hit"}', 1],
        ['{cache="default",group="product:{id}",result="miss"}', 2],
        ['{cache="default",group="session:*",result="miss"}', 1],
      ]),
    );
    const loads = await samplesOf(register, 'nestjs_memcached_load_duration_seconds_count');
    expect(loads).toEqual(
      new Map([
        ['{cache="default",group="product:{id}",result="done"}', 1],
        ['{cache="default",group="product:{id}",result="error"}', 1],
      ]),
    );
    const text = await register.metrics();
    expect(text).not.toMatch(/product:7|9f8e/);
  });

  it('count everything that happens, and calls that left nothing', async () => {
    await module.get(Products).file(1);
    await memcached.invalidate('a');
    const events = await samplesOf(register, 'nestjs_memcached_cache_events_total');
    expect(events.get('{cache="default",event="invalidation"}')).toBe(1);
    expect(events.get('{cache="default",event="lease_won"}')).toBe(1);
    expect(await samplesOf(register, 'nestjs_memcached_uncached_calls_total')).toEqual(
      new Map([['{cache="default",method="Products.file @Cacheable",reason="value"}', 1]]),
    );
  });

  it('are those of the instances that were given, each by its name', async () => {
    await sessions.get('a');
    expect((await samplesOf(register, 'nestjs_memcached_cache_requests_total')).size).toBe(0);
    stop();
    stop = instrument([memcached, sessions], { register });
    await sessions.get('a');
    await memcached.get('a');
    expect([...(await samplesOf(register, 'nestjs_memcached_cache_requests_total')).keys()]).toEqual([
      '{cache="sessions",group="a",result="miss"}',
      '{cache="default",group="a",result="miss"}',
    ]);
  });

  it('tell servers that are down, and what they are owed', async () => {
    await memcached.get('a');
    const { address } = server;
    await server.close();
    await memcached.client.get('a').catch(() => undefined);
    await memcached.client.get('a').catch(() => undefined);
    await memcached.invalidate('a');
    const at = `{cache="default",server="${address}"}`;
    expect((await samplesOf(register, 'nestjs_memcached_owed_invalidations')).get(at)).toBe(1);
  });

  it('come into no registry but the one that was given, and leave it with the instrumentation', async () => {
    const own = new Counter({ name: 'own_total', help: 'the application’s own', registers: [register] });
    own.inc();
    expect(await globalRegister.metrics()).not.toContain('memcached');
    stop();
    expect([...(await namesOf(register)).keys()]).toEqual(['own_total']);
    await memcached.get('a');
  });

  it('go into a registry of OpenMetrics, of several registries, and into JSON', async () => {
    await memcached.get('a');
    const open = new Registry<OpenMetricsContentType>();
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const end = instrument(sessions, { register: open });
    await sessions.get('a');
    expect(await open.metrics()).toContain('nestjs_memcached_cache_requests_total{cache="sessions"');
    end();
    expect(open.getMetricsAsArray()).toEqual([]);
    const again = instrument(memcached, { register: open });
    await open.metrics();
    expect(() => instrument(sessions, { register: open })).toThrow(/memcached_up already/);
    again();
    const merged = Registry.merge([register, new Registry()]);
    expect(await merged.metrics()).toContain('nestjs_memcached_cache_requests_total{cache="default"');
    const json = await register.getMetricsAsJSON();
    expect(json.find(({ name }) => name === 'nestjs_memcached_cache_requests_total')).toMatchObject({
      aggregator: 'sum',
      values: [{ labels: { cache: 'default', group: 'a', result: 'miss' }, value: 1 }],
    });
    register.setDefaultLabels({ app: 'shop' });
    expect(await register.metrics()).toContain('group="a",result="miss",app="shop"');
  });

  it('leave a registry that takes one of them only as it was', () => {
    const own = new Registry();
    const register = own.registerMetric.bind(own);
    let left = 3;
    own.registerMetric = (metric) => {
      left -= 1;
      if (left < 0) throw new Error('no room');
      register(metric);
    };
    expect(() => instrument(sessions, { register: own })).toThrow('no room');
    expect(own.getMetricsAsArray()).toEqual([]);
  });

  it('count commands that a signal has ended, whatever its reason is', async () => {
    const reasons: unknown[] = [null, 'enough', undefined, new RangeError('over'), { name: 7, server: 7 }];
    for (const reason of reasons) {
      const controller = new AbortController();
      const reading = memcached.client.get('a', { signal: controller.signal }).catch(() => undefined);
      controller.abort(reason);
      await reading;
    }
    const counted = await samplesOf(register, 'nestjs_memcached_command_errors_total');
    const codes = [...counted.keys()].map((labels) => /code="(\w+)"/.exec(labels)?.[1]);
    expect(new Set(codes)).toEqual(new Set(['AbortError', 'RangeError', '_OTHER']));
  });

  it('are one series where several have one name, and count nobody twice', async () => {
    await using client = new MemcachedClient({ servers: server.address });
    await using service = new MemcachedService({ servers: server.address });
    stop();
    stop = instrument([memcached, client, memcached.client, service, memcached], { register });
    await memcached.getOrSet('a', () => 1);
    await service.getOrSet('b', () => 1);
    const lines = (await register.metrics()).split('\n').filter((line) => /^[^#]/.test(line));
    const series = lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(series.filter((each, index) => series.indexOf(each) !== index)).toEqual([]);
    const up = await samplesOf(register, 'nestjs_memcached_node_up');
    expect([...up.values()]).toEqual([1]);
    const events = await samplesOf(register, 'nestjs_memcached_cache_events_total');
    expect(events.get('{cache="default",event="load"}')).toBe(2);
  });

  it('refuse a registry that has them, and options that cannot be meant', () => {
    expect(() => instrument(sessions, { register })).toThrow(
      /memcached_up already.*instrument\(\[one, other\]/,
    );
    expect(() => instrument(sessions, {} as never)).toThrow(/instrument\.register: expected a registry/);
    expect(() => instrument(sessions, { register, timeout: 0 })).toThrow(/instrument\.timeout/);
  });
});
