import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compileLib } from '../cache/processes/compiled-lib.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { measured } from './load.js';

const FLOOD = fileURLToPath(new URL('flood.mjs', import.meta.url));

const LIMIT_MS = 60_000;

interface Report {
  readonly answered: number;
  readonly wrong: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  readonly megabytes: number;
}

describeReal('a flood of commands, in a process of its own', () => {
  let lib: ReturnType<typeof compileLib>;
  let server: RealMemcached;

  beforeAll(() => {
    lib = compileLib();
  }, LIMIT_MS);
  afterAll(() => lib.remove());
  beforeEach(async () => {
    server = await startMemcached();
  });
  afterEach(() => server.stop());

  /** What became of a task, in a process that ended by itself. */
  async function flood(task: string, servers = server.address): Promise<Report> {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      FLOOD,
      lib.dir,
      servers,
      task,
    ]);
    const report = JSON.parse(stdout) as Report;
    measured(`flood ${task}: took`, report.milliseconds);
    measured(`flood ${task}: memory grew by`, report.megabytes, 'MB');
    return report;
  }

  it(
    'is answered: 100,000 reads at once, in bounded memory',
    async () => {
      const report = await flood('small:100000');
      expect(report).toMatchObject({ answered: 100_000, wrong: 0, codes: {} });
      expect(report.megabytes).toBeLessThan(150);
    },
    LIMIT_MS,
  );

  it(
    'is answered: 10,000 reads of 100 KB at once, which take longer than one time limit',
    async () => {
      expect(await flood('large:10000')).toMatchObject({ answered: 10_000, wrong: 0, codes: {} });
    },
    LIMIT_MS,
  );

  it(
    'is answered or refused by the limits: 10,000 writes of 100 KB at once',
    async () => {
      const { answered, wrong, codes } = await flood('write:10000');
      expect(wrong).toBe(0);
      expect(answered).toBeGreaterThan(0);
      expect(answered + (codes.MEMCACHED_OVERLOAD ?? 0)).toBe(10_000);
    },
    LIMIT_MS,
  );

  it(
    'opens one connection: 1,000 commands at once on a client that has none',
    async () => {
      await using proxy = await FaultProxy.start(server);
      expect(await flood('first:1000', proxy.address)).toMatchObject({ answered: 1000, wrong: 0, codes: {} });
      expect(proxy.connections).toBe(1);
    },
    LIMIT_MS,
  );
});
