import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../command.mjs';

/** No test asserts a time limit, so jest's own of 5 s would only punish a slow machine. */
const TEST_LIMIT_MS = 60_000;

/** More of them than there are processors: much of what tests do is waiting, for a server's seconds or for it to give up. */
const WORKERS = availableParallelism() * 2;

/**
 * Runs tests, all of them or those of some paths, and reads the figures that jest writes down.
 *
 * A runner that dies, a suite that does not load and a run without tests count as failures.
 *
 * @param {Record<string, string>} env where the tests find the programs they talk to.
 * @param {readonly string[]} [paths] files or folders of tests. @default all
 * @returns {Promise<{ passed: number, failed: number, skipped: number, problem?: string }>}
 */
export async function runTests(env, paths = []) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-tests-'));
  const figures = join(folder, 'figures.json');
  const limits = [`--maxWorkers=${WORKERS}`, `--testTimeout=${TEST_LIMIT_MS}`];
  const args = ['test', '--', '--ci', ...limits, '--json', `--outputFile=${figures}`, ...paths];
  try {
    const problem = await run('npm', args, { env, live: true, limitMinutes: 30 }).then(
      () => undefined,
      (error) => error.message,
    );
    if (!existsSync(figures))
      return { passed: 0, failed: 1, skipped: 0, problem: problem ?? 'no figures written' };
    return read(JSON.parse(readFileSync(figures, 'utf8')), problem);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(result, problem) {
  const passed = result.numPassedTests;
  const skipped = result.numPendingTests + result.numTodoTests;
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (passed + failed + skipped === 0) return { passed, failed: 1, skipped, problem: 'no test was found' };
  if (failed > 0) return { passed, failed, skipped, problem: `${failed} of the tests and suites failed` };
  if (problem !== undefined) return { passed, failed: 1, skipped, problem };
  return { passed, failed, skipped };
}
