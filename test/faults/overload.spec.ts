import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fork } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compileLib } from '../cache/processes/compiled-lib.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { measured } from './load.js';

const CALLER = fileURLToPath(new URL('overload.mjs', import.meta.url));

const LIMIT_MS = 120_000;

interface Report {
  readonly answered: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly longestMs: number;
  readonly megabytes: number;
}

describeReal('a process with a heap of 256 MB that asks for too much', () => {
  let lib: ReturnType<typeof compileLib>;

  beforeAll(() => {
    lib = compileLib();
  }, LIMIT_MS);
  afterAll(() => lib.remove());

  /** What became of a task, in a process that ended by itself. */
  async function overload(task: string, servers: string, onQuick?: () => void): Promise<Report> {
    const child = fork(CALLER, [lib.dir, servers, task], { execArgv: ['--max-old-space-size=256'] });
    let report: Report | undefined;
    child.on('message', (message) => {
      if (message === 'quick') onQuick?.();
      else report = message as Report;
    });
    const status = await new Promise((resolve) => void child.once('exit', (code) => resolve(code)));
    expect(status).toBe(0);
    measured(`${task}: memory at most`, report!.megabytes, 'MB');
    measured(`${task}: longest wait`, report!.longestMs);
    return report!;
  }

  it(
    'is answered or told so: a million reads at once, in what a container of 512 MB has',
    async () => {
      await using server = await startMemcached();
      const { answered, codes, megabytes } = await overload('million', server.address);
      expect(Object.keys(codes)).toStrictEqual(['MEMCACHED_OVERLOAD']);
      expect(answered).toBeGreaterThanOrEqual(100_000);
      expect(answered + codes.MEMCACHED_OVERLOAD).toBe(1_000_000);
      expect(megabytes).toBeLessThan(450);
    },
    LIMIT_MS,
  );

  it(
    'gives up on what a server that is too slow does not answer in time, and is well again once it is quick',
    async () => {
      let quick = false;
      await using server = await ScriptedServer.start(async (peer) => {
        await peer.negotiate();
        for (let line = await peer.line(); line !== undefined; line = await peer.line()) {
          if (!quick) await wait(1);
          peer.send(line.startsWith('mg ') ? `EN ${/O\S+$/.exec(line)![0]}\r\n` : 'VERSION 1.6.18\r\n');
        }
      });
      const { answered, codes } = await overload('slow', server.address, () => {
        quick = true;
      });
      expect(answered).toBeGreaterThanOrEqual(2000 * 20);
      expect(codes.MEMCACHED_TIMEOUT).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});
