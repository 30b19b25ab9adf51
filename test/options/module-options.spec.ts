import { describe, expect, it } from '@jest/globals';
import { type MemcachedModuleOptions, ResolvedModuleOptions } from '../../lib/options/module-options.js';

describe('the options of the module', () => {
  it('become one frozen object, in which nothing is left open', () => {
    const options = new ResolvedModuleOptions({ codec: 'json', cache: { ttl: '1m' } });
    expect(Object.isFrozen(options)).toBe(true);
    expect(Object.isFrozen(options.client)).toBe(true);
    expect(options).toMatchObject({
      client: { commandTimeout: 500, servers: [{ id: '127.0.0.1:11211' }] },
      cache: { policy: { ttlSeconds: 60 } },
      decorators: { enabled: true, varyBy: {}, unprovided: 'warn' },
      debug: false,
    });
  });

  it('are not read again', () => {
    const options = new ResolvedModuleOptions({});
    expect(ResolvedModuleOptions.of(options)).toBe(options);
  });

  it.each([
    ['10.0.0.1:11211', "expected an object such as { servers: '10.0.0.1:11211' }, got '10.0.0.1:11211'"],
    [['10.0.0.1'], "expected an object such as { servers: '127.0.0.1:11211' }, got an array"],
    [5, "expected an object such as { servers: '127.0.0.1:11211' }, got 5"],
    [{ cache: null }, "cache: expected an object such as { ttl: '5m' }, got null"],
    [{ cache: '10m' }, "cache: expected an object such as { ttl: '10m' }, got '10m'"],
    [{ cache: { near: true } }, "cache.near: expected an object such as { maxAge: '1s' }, got true"],
    [{ decorators: null }, 'decorators: expected an object such as { enabled: false }, got null'],
    [
      { decorators: { varyBy: 'tenant' } },
      "decorators.varyBy: expected an object such as { tenant: () => currentTenant() }, got 'tenant'",
    ],
    [{ debug: null }, 'debug: expected true or false'],
    [{ commandTimeout: null }, 'commandTimeout: expected a number of milliseconds'],
    [{ cach: {} }, "cach: unknown option; did you mean 'cache'?"],
    [
      { somethingElse: 1 },
      'somethingElse: unknown option; known are cache, decorators, debug, notices, connectAtStart, application, servers,',
    ],
  ])('%j is refused by its path', (options, message) => {
    expect(() => new ResolvedModuleOptions(options as unknown as MemcachedModuleOptions)).toThrow(message);
  });
});
