import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compileLib } from '../cache/processes/compiled-lib.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';

const CALLER = fileURLToPath(new URL('stepped-clock.mjs', import.meta.url));

const LIMIT_MS = 60_000;

describeReal('a process whose system time is set by an hour or a day, on and back', () => {
  let lib: ReturnType<typeof compileLib>;

  beforeAll(() => {
    lib = compileLib();
  }, LIMIT_MS);
  afterAll(() => lib.remove());

  it.each(['meta', 'classic'])(
    'keeps what it had, stores what is new, and times nothing out: %s',
    async (protocol) => {
      await using server = await startMemcached();
      const { stdout } = await promisify(execFile)(process.execPath, [
        CALLER,
        lib.dir,
        server.address,
        protocol,
      ]);
      const fine = (name: string, loads: number): object => ({
        name,
        loads,
        values: 5,
        plain: name,
        state: 'up',
      });
      expect(JSON.parse(stdout)).toStrictEqual([
        fine('start', 3),
        // The key of its own is all that is loaded.
        fine('an hour on', 1),
        fine('an hour back', 1),
        fine('a day on', 1),
        fine('a day back', 1),
        fine('right again', 1),
      ]);
    },
    LIMIT_MS,
  );
});
