import { describe, it } from '@jest/globals';

/**
 * A `describe` for tests that need programs: skipped by name without them, failing with `REQUIRE_MEMCACHED=1`.
 *
 * @param programs by what a message calls them, and whether they are there.
 */
export function describeWith(
  programs: Readonly<Record<string, boolean>>,
  name: string,
  tests: () => void,
): void {
  const missing = Object.keys(programs).filter((program) => !programs[program]);
  if (missing.length === 0) {
    describe(name, tests);
  } else if (process.env.REQUIRE_MEMCACHED === '1') {
    describe(name, () => {
      it(`has ${missing.join(' and ')} on PATH to run against`, () => {
        throw new Error(`REQUIRE_MEMCACHED is set and there is no ${missing.join(' and no ')} on PATH`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: no ${missing.join(' and no ')} on PATH)`, tests);
  }
}
