import { describe, expect, it } from '@jest/globals';
import { type MemcachedClientOptions, ResolvedClientOptions } from '../../lib/options/client-options.js';

describe('client options', () => {
  it('have a default for everything', () => {
    expect(new ResolvedClientOptions({})).toMatchObject({
      servers: [{ id: '127.0.0.1:11211' }],
      discovery: undefined,
      keyPrefix: '',
      unsafeKeys: 'encode',
      protocol: 'auto',
      commandTimeout: 500,
      connectTimeout: 1000,
      drainTimeout: 2000,
      failover: 'error',
      failuresToDown: 2,
      reconnectDelay: { min: 50, max: 400 },
      keepAlive: 30_000,
      maxInFlight: 100_000,
      maxQueuedBytes: 128 * 1024 * 1024,
      maxValueBytes: 0,
    });
  });

  it('are frozen, all the way down', () => {
    const options = new ResolvedClientOptions({ servers: ['a', 'b'] });
    expect(
      [options, options.servers, options.servers[0], options.reconnectDelay].every(Object.isFrozen),
    ).toBe(true);
  });

  it('turn durations into milliseconds and keep a 0 that means something', () => {
    expect(
      new ResolvedClientOptions({
        commandTimeout: '1.5s',
        connectTimeout: 250,
        drainTimeout: 0,
        keepAlive: 0,
        reconnectDelay: { max: '2s' },
      }),
    ).toMatchObject({
      commandTimeout: 1500,
      connectTimeout: 250,
      drainTimeout: 0,
      keepAlive: 0,
      reconnectDelay: { min: 50, max: 2000 },
    });
  });

  it.each([
    [
      { reconnectDelay: '1s' },
      "reconnectDelay: expected an object such as { min: '50ms', max: '400ms' }, got '1s'",
    ],
    [
      { discovery: 'cache.local' },
      "discovery: expected an object such as { type: 'dns', name: 'cache.local' }, got 'cache.local'",
    ],
    [
      { discovery: 'shop.abc.cfg.use1.cache.amazonaws.com:11211' },
      "such as { type: 'elasticache', endpoint: 'shop.abc.cfg.use1.cache.amazonaws.com:11211' }, got",
    ],
    [
      { discovery: null },
      "discovery: expected an object such as { type: 'dns', name: 'cache.local' }, got null",
    ],
    [{ discovery: {} }, "discovery.type: expected 'elasticache', 'dns' or 'function'"],
    [
      { codec: { seal: 'secret' } },
      "codec.seal: expected an object such as { keys: [{ id: '2026', key }] }, got a string",
    ],
  ])('%j is told what to write in its place', (options, message) => {
    expect(() => new ResolvedClientOptions(options as never)).toThrow(message);
  });

  const WRONG: readonly (readonly [options: unknown, path: string])[] = [
    [{ server: 'a' }, 'server'],
    [{ servers: [] }, 'servers'],
    [{ servers: ['a', { host: 5 }] }, 'servers[1].host'],
    [{ protocol: 'binary' }, 'protocol'],
    [{ unsafeKeys: true }, 'unsafeKeys'],
    [{ keyPrefix: 5 }, 'keyPrefix'],
    [{ commandTimeout: 0 }, 'commandTimeout'],
    [{ commandTimeout: 'soon' }, 'commandTimeout'],
    [{ connectTimeout: -1 }, 'connectTimeout'],
    [{ drainTimeout: Number.NaN }, 'drainTimeout'],
    [{ failover: 'none' }, 'failover'],
    [{ failuresToDown: 0 }, 'failuresToDown'],
    [{ reconnectDelay: { minimum: 5 } }, 'reconnectDelay.minimum'],
    [{ reconnectDelay: { min: 0 } }, 'reconnectDelay.min'],
    [{ reconnectDelay: 50 }, 'reconnectDelay'],
    [{ reconnectDelay: null }, 'reconnectDelay'],
    [{ reconnectDelay: { min: '2s', max: '1s' } }, 'reconnectDelay.min'],
    [{ commandTimeout: '25d' }, 'commandTimeout'],
    [{ connectTimeout: '25d' }, 'connectTimeout'],
    [{ drainTimeout: 2 ** 31 }, 'drainTimeout'],
    [{ reconnectDelay: { max: '30d' } }, 'reconnectDelay.max'],
    [{ discovery: { type: 'dns', name: 'a', interval: '25d' } }, 'discovery.interval'],
    [{ codec: null }, 'codec'],
    [{ servers: null }, 'servers'],
    [{ keepAlive: '1 hour' }, 'keepAlive'],
    [{ keepAlive: '500ms' }, 'keepAlive'],
    [{ keepAlive: '1d' }, 'keepAlive'],
    [{ keepAlive: null }, 'keepAlive'],
    [{ maxInFlight: 0 }, 'maxInFlight'],
    [{ maxQueuedBytes: 1 }, 'maxQueuedBytes'],
    [{ maxValueBytes: -1 }, 'maxValueBytes'],
    [{ maxValueBytes: '1m' }, 'maxValueBytes'],
    [5, ''],
    [null, ''],
  ];

  it('let the default of one end of the pauses give way to the other', () => {
    expect(new ResolvedClientOptions({ reconnectDelay: { min: '1s' } }).reconnectDelay).toEqual({
      min: 1000,
      max: 1000,
    });
    expect(new ResolvedClientOptions({ reconnectDelay: { max: 20 } }).reconnectDelay).toEqual({
      min: 20,
      max: 20,
    });
  });

  it.each(WRONG)('are refused by the path of what is wrong: %j', (options, path) => {
    expect(() => new ResolvedClientOptions(options as MemcachedClientOptions)).toThrow(
      expect.objectContaining({ code: 'MEMCACHED_INVALID_OPTIONS', path }),
    );
  });

  it('reads a distribution once: what becomes of the object later changes no placement', () => {
    const given = { type: 'ketama' as const, hash: 'md5' as 'md5' | 'crc' };
    const { distribution } = new ResolvedClientOptions({ distribution: given });
    given.hash = 'crc';
    expect(distribution).toStrictEqual({ type: 'ketama', hash: 'md5' });
    expect(Object.isFrozen(distribution)).toBe(true);
    const own = (): (() => number) => () => 0;
    expect(new ResolvedClientOptions({ distribution: own }).distribution).toBe(own);
    expect(new ResolvedClientOptions({}).distribution).toBe('ketama');
  });

  it.each([5, null, ['ketama'], true])('refuses %j as a distribution', (distribution) => {
    expect(() => new ResolvedClientOptions({ distribution: distribution as never })).toThrow(
      /^distribution: expected a name, an object with a type, or a function/,
    );
  });
});
