import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Attributes, context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { MemcachedService } from '../../lib/index.js';
import { instrument } from '../../lib/opentelemetry/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Telemetry } from './telemetry.js';

const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

describe('the metrics of OpenTelemetry', () => {
  let clockMs: number;
  let server: MemcachedServer;
  let memcached: MemcachedService;
  let telemetry: Telemetry;
  let stop: () => void;

  const begin = (keys?: 'none' | 'template' | 'full'): void => {
    stop();
    const { tracerProvider, meterProvider } = telemetry;
    stop = instrument({ tracerProvider, meterProvider, ...(keys && { keys }) });
  };
  const counts = async (name: string): Promise<[Attributes, number][]> => {
    const points = await telemetry.points(name);
    return points.map(({ attributes, value }) => [
      attributes,
      typeof value === 'number' ? value : value.count,
    ]);
  };

  beforeEach(async () => {
    clockMs = 1_700_000_000_000;
    server = await MemcachedServer.start({ now: () => clockMs });
    memcached = new MemcachedService({ servers: server.address });
    telemetry = new Telemetry();
    stop = () => {};
    begin();
  });
  afterEach(async () => {
    stop();
    telemetry[Symbol.dispose]();
    await memcached.close();
    await server.close();
  });

  it('measure commands in seconds, with the boundaries and attributes of the conventions, also without a span', async () => {
    await memcached.client.set('a', 1);
    await memcached.client.get('a');
    await memcached.client.getMany(['a', 'b']);
    await memcached.client.incr('b', -1).catch(() => undefined);
    const name = 'db.client.operation.duration';
    const at = {
      'db.system.name': 'memcached',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    };
    expect(await counts(name)).toEqual([
      [{ ...at, 'db.operation.name': 'set' }, 1],
      [{ ...at, 'db.operation.name': 'get' }, 2],
    ]);
    expect(await telemetry.unitOf(name)).toBe('s');
    const [{ value }] = await telemetry.points(name);
    const { buckets, sum = 0 } = value as Histogram;
    expect(buckets.boundaries).toEqual(BOUNDARIES);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(10);
  });

  it('are measured in the context of the call, which views may read', async () => {
    stop();
    telemetry[Symbol.dispose]();
    const TENANT = createContextKey('tenant');
    const process = (attributes: Attributes, of = ROOT_CONTEXT): Attributes => ({
      ...attributes,
      tenant: of.getValue(TENANT) as string,
    });
    telemetry = new Telemetry(undefined, [{ instrumentName: '*', attributesProcessors: [{ process }] }]);
    begin();
    // The connection is opened in the context of the first of them.
    await Promise.all(
      ['a', 'b'].map((tenant) =>
        context.with(context.active().setValue(TENANT, tenant), () => memcached.client.get('key')),
      ),
    );
    const points = await counts('db.client.operation.duration');
    expect(points.map(([{ tenant }, count]) => [tenant, count])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('tell failures by their type', async () => {
    await server.close();
    await memcached.client.get('a').catch(() => undefined);
    expect(await counts('db.client.operation.duration')).toEqual([
      [expect.objectContaining({ 'error.type': 'MEMCACHED_CONNECTION', 'server.port': server.port }), 1],
    ]);
  });

  it('count what a cache was asked for, by what it served and by group', async () => {
    const policy = { ttl: '1s', grace: '1m' } as const;
    await memcached.getOrSet('product:7', () => 1, policy);
    await memcached.getOrSet('product:7', () => 1, policy);
    await memcached.get('session:8');
    clockMs += 2000;
    await memcached.getOrSet('product:7', () => 2, policy);
    const product = { 'cache.name': 'default', 'cache.group': 'product:*' };
    expect(new Set(await counts('cache.requests'))).toEqual(
      new Set([
        [{ ...product, 'cache.result': 'miss' }, 1],
        [{ ...product, 'cache.result': 'hit' }, 1],
        [{ ...product, 'cache.result': 'stale' }, 1],
        [{ 'cache.name': 'default', 'cache.group': 'session:*', 'cache.result': 'miss' }, 1],
      ]),
    );
  });

  it('count and measure loads, by what came of them', async () => {
    await memcached.getOrSet('product:7', () => 1);
    await memcached.getOrSetMany(
      [1, 2],
      (id) => `stock:${id}`,
      (ids) => [...ids],
    );
    const failing = (): never => {
      throw new RangeError('no');
    };
    await memcached.getOrSet('product:8', failing).catch(() => undefined);
    const name = { 'cache.name': 'default' };
    const expected = [
      [{ ...name, 'cache.group': 'product:*', 'cache.result': 'done' }, 1],
      [{ ...name, 'cache.group': 'stock:*', 'cache.result': 'done' }, 1],
      [{ ...name, 'cache.group': 'product:*', 'cache.result': 'error', 'error.type': 'RangeError' }, 1],
    ];
    expect(await counts('cache.loads')).toEqual(expected);
    expect(await counts('cache.load.duration')).toEqual(expected);
    expect(await telemetry.unitOf('cache.load.duration')).toBe('s');
  });

  it.each(['none', 'template', 'full'] as const)(
    'never bear keys, whatever is told of them: %s',
    async (keys) => {
      begin(keys);
      await memcached.getOrSet('product:7', () => 1);
      const names = ['db.client.operation.duration', 'cache.requests', 'cache.loads', 'cache.load.duration'];
      const told = JSON.stringify(await Promise.all(names.map((name) => counts(name))));
      expect(told).not.toContain('product:7');
      expect(told.includes('product:*')).toBe(keys !== 'none');
    },
  );

  it('tell instances apart', async () => {
    const sessions = new MemcachedService({ servers: server.address, instance: 'sessions' });
    await memcached.get('a');
    await sessions.get('a');
    await sessions.close();
    const requests = await counts('cache.requests');
    expect(requests.map(([attributes]) => attributes['cache.name'])).toEqual(['default', 'sessions']);
  });

  it('end with the instrumentation', async () => {
    await memcached.get('a');
    stop();
    await memcached.get('a');
    expect((await counts('cache.requests')).map(([, count]) => count)).toEqual([1]);
  });

  it('are those of each of several instrumentations', async () => {
    const other = new Telemetry();
    const { tracerProvider, meterProvider } = other;
    const end = instrument({ tracerProvider, meterProvider });
    await memcached.get('a');
    end();
    await memcached.get('a');
    const total = async (of: Telemetry): Promise<unknown> => (await of.points('cache.requests'))[0].value;
    expect([await total(telemetry), await total(other)]).toEqual([2, 1]);
  });
});
