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
    [{ cache: null }, 'cache: expected an object'],
    [{ decorators: null }, 'decorators: expected an object'],
    [{ decorators: { varyBy: null } }, 'decorators.varyBy: expected an object of functions by their names'],
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
