import { describe, it } from '@jest/globals';
import { hasTwemproxy } from '../../scripts/twemproxy.mjs';
import { hasMemcached } from './real-memcached.js';

/**
 * A `describe` for tests that need twemproxy, and memcached behind it: skipped by name without one of them, failing with
 * `REQUIRE_MEMCACHED=1`.
 */
export function describeTwemproxy(name: string, tests: () => void): void {
  const missing = hasMemcached() ? (hasTwemproxy() ? undefined : 'nutcracker (twemproxy)') : 'memcached';
  if (missing === undefined) {
    describe(name, tests);
  } else if (process.env.REQUIRE_MEMCACHED === '1') {
    describe(name, () => {
      it(`has ${missing} on PATH to run against`, () => {
        throw new Error(`REQUIRE_MEMCACHED is set and there is no ${missing} on PATH`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: no ${missing} on PATH)`, tests);
  }
}
