import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compileLib } from '../../cache/processes/compiled-lib.js';
import { measured } from '../../faults/load.js';

const BOMBS = fileURLToPath(new URL('bombs.mjs', import.meta.url));

const LIMIT_MS = 180_000;

interface Told {
  readonly name: string;
  readonly told: string;
  readonly standstillMs: number;
}

describe('a few bytes that would come to gigabytes', () => {
  let lib: ReturnType<typeof compileLib>;

  beforeAll(() => {
    lib = compileLib();
  }, LIMIT_MS);
  afterAll(() => lib.remove());

  it(
    'are refused by every codec that may meet them, in a process with a heap of 256 MB',
    async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--max-old-space-size=256',
        BOMBS,
        lib.dir,
      ]);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Told & { peakMB?: number });
      const peak = lines.pop()?.peakMB ?? Number.NaN;
      measured('bombs: peak of memory', peak, 'MB');
      for (const { name, standstillMs } of lines)
        measured(`bombs: ${name}: longest standstill`, standstillMs);
      expect(lines).toHaveLength(28);
      const read = lines.filter(({ told }) => told !== 'MEMCACHED_CODEC');
      // 31 MiB of text are what they are.
      expect(read).toMatchObject([{ name: 'text, to spymemcached', told: 'a value of type string' }]);
    },
    LIMIT_MS,
  );
});
