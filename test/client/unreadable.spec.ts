import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compileLib } from '../cache/processes/compiled-lib.js';

const READS = fileURLToPath(new URL('unreadable.mjs', import.meta.url));

const LIMIT_MS = 60_000;

describe('a value that cannot be read', () => {
  let lib: ReturnType<typeof compileLib>;

  beforeAll(() => {
    lib = compileLib();
  }, LIMIT_MS);
  afterAll(() => lib.remove());

  /** What became of every way to read it, in a process that an unhandled rejection would have ended. */
  async function reads(dialect: string, end: string): Promise<string[]> {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--unhandled-rejections=strict',
      READS,
      lib.dir,
      dialect,
      end,
    ]);
    return stdout.trim().split('\n');
  }

  it.each([
    ['meta', 'whole', 8],
    ['meta', 'later', 8],
    ['meta', 'cut', 8],
    ['meta', 'overdue', 8],
    ['classic', 'whole', 7],
    ['classic', 'later', 7],
    ['classic', 'cut', 7],
    ['classic', 'overdue', 7],
  ])(
    'fails its reader alone, never the process: %s, the reply comes %s',
    async (dialect, end, ways) => {
      const lines = await reads(dialect, end);
      expect(lines).toHaveLength(ways);
      const code = {
        whole: 'MEMCACHED_CODEC(,MEMCACHED_CODEC)?',
        later: 'MEMCACHED_CODEC(,MEMCACHED_CODEC)?',
        cut: 'MEMCACHED_(CONNECTION|CODEC)',
        overdue: 'MEMCACHED_(TIMEOUT|CODEC(,MEMCACHED_CODEC)?)',
      }[end];
      for (const line of lines) expect(line).toMatch(new RegExp(`: ${code}, then whole$`));
    },
    LIMIT_MS,
  );
});
