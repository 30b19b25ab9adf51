import { describe, expect, it } from '@jest/globals';
import { type HttpCacheOptions, readHttpCacheOptions } from '../../lib/options/http-cache-options.js';

const read = (options: object) => readHttpCacheOptions(options as HttpCacheOptions, 'Shop.list @HttpCache');

describe('the options of @HttpCache', () => {
  it('are read with nothing left open', () => {
    expect(read({ audience: 'everyone', maxAge: '90s', ttl: '5m', query: ['page'] })).toMatchObject({
      maxAgeSeconds: 90,
      cacheControl: 'public, max-age=90',
      vary: [],
      etag: 'weak',
      query: { names: ['page'], count: true },
      policy: { ttl: '5m', serveStale: false },
    });
  });

  it.each([
    [{}, "audience: say whom the answer is for: 'everyone', 'authorized', or a function"],
    [{ audience: null }, "audience: expected one of 'everyone', 'authorized', got null"],
    [{ audience: 'everyone', maxAge: 60 }, "maxAge: is counted in seconds, got 60 ms; did you mean '60s'?"],
    [{ audience: 'everyone', maxAge: '500ms' }, 'maxAge: is counted in seconds, got 500 ms; give 0 or'],
    [{ audience: 'everyone', maxAge: null }, 'maxAge: expected a number of milliseconds'],
    [{ audience: 'everyone', vary: null }, 'vary: expected a list of names of request headers'],
    [{ audience: 'everyone', query: null }, 'query: expected names'],
    [{ audience: 'everyone', refreshAhead: 0.5 }, 'refreshAhead: unknown option; known are audience, maxAge'],
    [{ audience: 'everyone', serveStale: true }, "serveStale: unknown option; did you mean 'serveStaleIf'?"],
    [{ audience: 'everyone', cacheUndefined: true }, 'cacheUndefined: unknown option'],
  ])('%j is refused by its path', (options, message) => {
    expect(() => read(options)).toThrow(`Shop.list @HttpCache.${message}`);
  });
});
