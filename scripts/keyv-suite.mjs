/**
 * `node scripts/keyv-suite.mjs`: Keyv's own test suite for stores, on a real memcached: all of its cases have to pass.
 *
 * The suite is installed into a folder of its own, without the scripts of what it depends on. Needs a build, and `memcached`
 * on PATH or in `MEMCACHED`. Ends with status 1 when a case fails.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, run } from './command.mjs';
import { startServers } from './memcached.mjs';

/** The last suite that is published, for Keyv 5, and what it runs with here. */
const INSTALLED = ['@keyv/test-suite@2.1.2', 'keyv@5.6.0', 'expect@30.5.0'];

const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-keyv-'));
const servers = await startServers(1);
try {
  cpSync(fileURLToPath(new URL('keyv-suite/cases.mjs', import.meta.url)), join(folder, 'cases.mjs'));
  await run('npm', ['init', '--yes'], { cwd: folder });
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, ...INSTALLED], { cwd: folder });
  await run(process.execPath, ['cases.mjs', join(ROOT, 'dist'), servers.addresses[0]], {
    cwd: folder,
    live: true,
    limitMinutes: 3,
  });
} catch (error) {
  console.log(error.output ?? '');
  console.log(error.message);
  process.exitCode = 1;
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
