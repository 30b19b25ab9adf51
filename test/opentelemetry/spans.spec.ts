import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { context, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
} from '@opentelemetry/sdk-trace-base';
import { MemcachedClient, MemcachedService } from '../../lib/index.js';
import { instrument } from '../../lib/opentelemetry/index.js';
import { Subscriptions } from '../../lib/subscriptions.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Telemetry } from './telemetry.js';

/** A reason that throws wherever it is looked at. */
const UNREADABLE: Error = new Proxy(new Error('hidden'), {
  get: () => {
    throw new Error('unreadable');
  },
});

describe('the spans of OpenTelemetry', () => {
  let clockMs: number;
  let server: MemcachedServer;
  let memcached: MemcachedService;
  let telemetry: Telemetry;
  let stop: () => void;

  const begin = (options: Parameters<typeof instrument>[0] = {}): void => {
    stop();
    const { tracerProvider, meterProvider } = telemetry;
    stop = instrument({ tracerProvider, meterProvider, ...options });
  };
  const spanOf = (name: string): ReadableSpan => {
    const found = telemetry.spans.find((span) => span.name.startsWith(name));
    if (found === undefined) throw new Error(`no span ${name} among ${telemetry.tree.join(', ')}`);
    return found;
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

  it('are named as the conventions for databases have it', async () => {
    await telemetry.within('request', () => memcached.client.set('a', 1));
    const { port } = server;
    const span = spanOf('set');
    expect(span).toMatchObject({
      name: `set 127.0.0.1:${port}`,
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
    });
    expect(span.attributes).toStrictEqual({
      'db.system.name': 'memcached',
      'db.operation.name': 'set',
      'server.address': '127.0.0.1',
      'server.port': port,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': port,
      'cache.name': 'default',
    });
  });

  it('tell of a command that a signal has ended, whatever its reason is', async () => {
    await telemetry.within('request', async () => {
      for (const reason of [null, 'enough', new RangeError('over'), { reply: 5 }, UNREADABLE]) {
        const controller = new AbortController();
        const reading = memcached.client.get('a', { signal: controller.signal }).catch(() => undefined);
        controller.abort(reason);
        await reading;
      }
    });
    const reads = telemetry.spans.filter(({ name }) => name.startsWith('get'));
    expect(reads.map(({ attributes }) => attributes['error.type'])).toEqual([
      '_OTHER',
      '_OTHER',
      'RangeError',
      '_OTHER',
      '_OTHER',
    ]);
  });

  it('tell of a load that failed by whatever was thrown', async () => {
    const odd = Object.defineProperties(new Error('odd'), {
      code: { value: Object.create(null) },
      stack: {
        get: () => {
          throw new Error('unreadable');
        },
      },
    });
    for (const thrown of [UNREADABLE, odd]) {
      const load = (): never => {
        throw thrown;
      };
      await telemetry
        .within('request', () => memcached.getOrSet('a', load))
        .catch((error) => expect(error).toBe(thrown));
    }
    const loads = telemetry.spans.filter(({ name }) => name.startsWith('load'));
    expect(loads.map(({ attributes }) => attributes['error.type'])).toEqual(['_OTHER', 'Error']);
    expect(loads[1].events).toMatchObject([{ attributes: { 'exception.message': 'odd' } }]);
  });

  it('are none of what the near cache asks for by itself, whoever was the first to read', async () => {
    await using near = new MemcachedService({
      servers: server.address,
      cache: { near: { maxItems: 10, maxAge: '100ms' } },
    });
    await telemetry.within('request', async () => {
      for (let read = 0; read < 3; read += 1) await near.getOrSet('a', () => ({ id: 1 }), { ttl: '1m' });
    });
    const before = telemetry.spans.length;
    let asked = 0;
    const count = new Subscriptions();
    count.onCommand('end', ({ operation }) => void (asked += operation === 'lease-get' ? 0 : 1));
    while (asked < 5) {
      await new Promise((resolve) => void setTimeout(resolve, 20));
      await near.getOrSet('a', () => ({ id: 1 }), { ttl: '1m' });
    }
    count.end();
    expect(telemetry.spans.slice(before).map(({ name }) => name)).toEqual([]);
  }, 20_000);

  it('name a read of many keys as one read, and no batch', async () => {
    const { client } = memcached;
    await telemetry.within('request', async () => {
      await client.getMany(['a', 'b']);
      await client.getsMany(['a', 'b']);
      await client.leaseGet('a', { leaseSeconds: 1 });
      await client.getAndTouch('c', '1s');
      await client.invalidateKey('a', { stale: '1s' });
    });
    const operations = telemetry.spans.slice(1).map(({ attributes }) => attributes['db.operation.name']);
    expect(operations).toEqual(['get', 'gets', 'get', 'gat', 'delete']);
    for (const { attributes } of telemetry.spans)
      expect(attributes).not.toHaveProperty('db.operation.batch.size');
  });

  it('leave out the port that is memcached’s own', async () => {
    const away = new MemcachedClient({ servers: ['127.0.0.1:11211'], failover: 'miss', instance: 'away' });
    begin({ requireParentSpan: false });
    await away.get('a').catch(() => undefined);
    await away.close();
    expect(spanOf('get').attributes).toMatchObject({ 'server.address': '127.0.0.1', 'cache.name': 'away' });
    expect(spanOf('get').attributes).not.toHaveProperty('server.port');
  });

  it('tell what has failed by its code, and no key', async () => {
    await memcached.client.set('secret-key', 'text');
    await telemetry.within('request', () => memcached.client.incr('secret-key').catch(() => undefined));
    await server.close();
    await telemetry.within('request', () => memcached.client.get('secret-key').catch(() => undefined));
    expect(spanOf('incr')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'MEMCACHED_SERVER' },
      attributes: { 'error.type': 'MEMCACHED_SERVER', 'db.response.status_code': 'CLIENT_ERROR' },
    });
    expect(spanOf('get').attributes).toMatchObject({ 'error.type': 'MEMCACHED_CONNECTION' });
    const told = telemetry.spans.map(({ name, attributes, status, events }) => ({
      name,
      attributes,
      status,
      events,
    }));
    expect(JSON.stringify(told)).not.toContain('secret-key');
  });

  it('show a call with its read, its load, what the load does, and the write', async () => {
    const loader = (): Promise<number> => telemetry.within('SELECT', () => 1);
    await telemetry.within('request', () => memcached.getOrSet('product:7', loader));
    await telemetry.within('request', () => memcached.getOrSet('product:7', loader));
    expect(telemetry.tree).toEqual([
      'request',
      'request > getOrSet product:*',
      'request > getOrSet product:* > get',
      'request > getOrSet product:* > load product:*',
      'request > getOrSet product:* > load product:* > SELECT',
      'request > getOrSet product:* > cas',
      'request',
      'request > getOrSet product:*',
      'request > getOrSet product:* > get',
    ]);
    const [miss, hit] = telemetry.spans.filter(({ name }) => name.startsWith('getOrSet'));
    expect(miss.attributes).toStrictEqual({
      'cache.name': 'default',
      'cache.group': 'product:*',
      'cache.result': 'miss',
    });
    expect(hit.attributes).toMatchObject({ 'cache.result': 'hit' });
    expect(spanOf('load').attributes).toMatchObject({ 'cache.refresh': false, 'cache.keys': 1 });
  });

  it('tell a loader that fails, whose error reaches the caller', async () => {
    const failure = new TypeError('database is away');
    const call = telemetry.within('request', () => memcached.getOrSet('a', () => Promise.reject(failure)));
    await expect(call).rejects.toBe(failure);
    for (const name of ['getOrSet', 'load']) {
      expect(spanOf(name)).toMatchObject({
        status: { code: SpanStatusCode.ERROR, message: 'TypeError' },
        attributes: { 'error.type': 'TypeError' },
      });
    }
    expect(spanOf('load').events).toMatchObject([{ name: 'exception' }]);
    expect(spanOf('getOrSet').events).toEqual([]);
  });

  it('make a refresh behind a response a trace of its own, linked to the call', async () => {
    const policy = { ttl: '1s', grace: '1m' } as const;
    await memcached.getOrSet('a', () => 1, policy);
    clockMs += 2000;
    await telemetry.within('request', () => memcached.getOrSet('a', () => 2, policy));
    await telemetry.ended('refresh');
    const refresh = spanOf('refresh');
    const call = spanOf('getOrSet');
    expect(call.attributes).toMatchObject({ 'cache.result': 'stale' });
    expect(refresh.parentSpanContext).toBeUndefined();
    expect(refresh.spanContext().traceId).not.toBe(call.spanContext().traceId);
    expect(refresh.links.map((link) => link.context.spanId)).toEqual([call.spanContext().spanId]);
    expect(telemetry.tree).toEqual(
      expect.arrayContaining([
        'refresh a',
        'refresh a > load a',
        'refresh a > cas',
        'request > getOrSet a > get',
      ]),
    );
    expect(spanOf('load').attributes).toMatchObject({ 'cache.refresh': true });
  });

  it('are made within another span only, unless told otherwise', async () => {
    await memcached.getOrSet('a', () => 1);
    expect(telemetry.spans).toEqual([]);
    begin({ requireParentSpan: false });
    await memcached.getOrSet('b', () => 1);
    expect(telemetry.tree).toEqual([
      'getOrSet b',
      'getOrSet b > get',
      'getOrSet b > load b',
      'getOrSet b > cas',
    ]);
  });

  it('are none in a trace that is not sampled, of which no sampler is asked again; a refresh is a trace of its own', async () => {
    const asked: string[] = [];
    const onlyRefreshes: Sampler = {
      shouldSample: (_context, _traceId, name) => {
        asked.push(name);
        const { RECORD_AND_SAMPLED, NOT_RECORD } = SamplingDecision;
        return { decision: name.startsWith('request') ? NOT_RECORD : RECORD_AND_SAMPLED };
      },
      toString: () => 'only refreshes',
    };
    telemetry[Symbol.dispose]();
    telemetry = new Telemetry(onlyRefreshes);
    begin();
    const policy = { ttl: '1s', grace: '1m' } as const;
    await telemetry.within('request 1', () => memcached.getOrSet('a', () => 1, policy));
    expect(asked).toEqual(['request 1']);
    clockMs += 2000;
    await telemetry.within('request 2', () => memcached.getOrSet('a', () => 2, policy));
    await telemetry.ended('refresh');
    expect(telemetry.tree).toEqual(['refresh a', 'refresh a > load a', 'refresh a > cas']);
    const [{ value }] = await telemetry.points('cache.requests');
    expect(value).toBe(1);
  });

  it.each([
    [TraceFlags.SAMPLED, ['getOrSet a', 'get', 'load a', 'cas']],
    [TraceFlags.NONE, []],
  ])('follow what a process that sent the request has decided: %s', async (traceFlags, spans) => {
    const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags, isRemote: true };
    await context.with(trace.setSpanContext(context.active(), parent), () =>
      memcached.getOrSet('a', () => 1),
    );
    expect(telemetry.tree.map((path) => path.split(' > ').at(-1))).toEqual(spans);
  });

  it('take the time of their commands, within that of their parent', async () => {
    const durations: number[] = [];
    const subscriptions = new Subscriptions();
    subscriptions.onCommand('end', ({ durationMs }) => void durations.push(durationMs));
    await telemetry.within('request', () => memcached.client.get('a'));
    subscriptions.end();
    const [request, get] = [spanOf('request'), spanOf('get')];
    expect(hrTimeToMilliseconds(get.duration)).toBeCloseTo(durations[0], 2);
    expect(hrTimeToMilliseconds(get.startTime)).toBeGreaterThanOrEqual(
      hrTimeToMilliseconds(request.startTime),
    );
  });

  it.each([
    ['none', 'getOrSet', undefined, undefined, undefined],
    ['template', 'getOrSet product:*', 'product:*', undefined, undefined],
    ['full', 'getOrSet product:*', 'product:*', ['product:7'], 'get product:7'],
  ] as const)('tell of keys as they are told to: %s', async (keys, name, group, key, query) => {
    begin({ keys });
    await telemetry.within('request', () => memcached.getOrSet('product:7', () => 1));
    expect(spanOf('getOrSet')).toMatchObject({ name });
    expect(spanOf('getOrSet').attributes['cache.group']).toBe(group);
    expect(spanOf('getOrSet').attributes['cache.key']).toEqual(key);
    expect(spanOf('get ').attributes['db.query.text']).toBe(query);
    const told = JSON.stringify(telemetry.spans.map(({ name: called, attributes }) => [called, attributes]));
    expect(told.includes('product:7')).toBe(keys === 'full');
    expect(told.includes('product')).toBe(keys !== 'none');
  });

  it('tell the first of many keys only', async () => {
    begin({ keys: 'full' });
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
    await telemetry.within('request', () => memcached.client.getMany(keys));
    expect(spanOf('get ').attributes['db.query.text']).toBe(`get ${keys.slice(0, 10).join(' ')} …`);
  });

  it('sum up a call for many keys, whose load is one', async () => {
    await memcached.set('p:1', 1);
    await telemetry.within('request', () =>
      memcached.getOrSetMany(
        [1, 2, 3],
        (id) => `p:${id}`,
        (ids) => telemetry.within('SELECT', () => [...ids]),
      ),
    );
    expect(spanOf('getOrSetMany p:*').attributes).toMatchObject({
      'cache.result': 'miss',
      'cache.keys': 3,
      'cache.hits': 1,
      'cache.misses': 2,
    });
    const loads = telemetry.spans.filter(({ name }) => name === 'load p:*');
    expect(loads.map(({ attributes }) => attributes['cache.keys'])).toEqual([2]);
    expect(telemetry.tree).toContain('request > getOrSetMany p:* > load p:* > SELECT');
  });

  it('are not made where the sampler wants none, and nothing fails', async () => {
    telemetry[Symbol.dispose]();
    telemetry = new Telemetry(new AlwaysOffSampler());
    begin({ requireParentSpan: false });
    expect(await memcached.getOrSet('a', () => 1)).toBe(1);
    expect(telemetry.spans).toEqual([]);
  });

  it('end with the instrumentation: those that are open, and there are no more', async () => {
    let release!: (value: number) => void;
    let called!: () => void;
    const isCalled = new Promise<void>((resolve) => (called = resolve));
    const call = telemetry.within('request', () =>
      memcached.getOrSet('a', () => {
        called();
        return new Promise<number>((resolve) => (release = resolve));
      }),
    );
    await isCalled;
    stop();
    expect(telemetry.tree.map((path) => path.split(' > ').at(-1))).toEqual(['getOrSet a', 'get', 'load a']);
    release(7);
    expect(await call).toBe(7);
    await telemetry.within('request', () => memcached.getOrSet('a', () => 1));
    expect(telemetry.spans).toHaveLength(5);
    expect(() => stop()).not.toThrow();
  });

  it('refuse an option that they do not know', () => {
    expect(() => instrument({ key: 'none' } as object)).toThrow(/instrument\.key.*keys/);
    expect(() => instrument({ keys: 'all' } as object)).toThrow(/instrument\.keys/);
  });
});
