/*
 * The tests of the daily loop: those without Nest, servers, sockets or processes of their own, in seconds.
 *
 *   node scripts/fast.mjs [jest's options]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../', import.meta.url);

/** What a spec imports that is not fast. */
const SLOW =
  /from '(@nestjs\/|node:child_process|node:net|[./\w-]*\/(real-memcached|compiled-lib|scripted-server|fault-proxy|memcached-server|testing\/index|boot|contract|opened|load|program|twemproxy)\.)/;

/** Takes its time although it needs nothing: runs of a whole fleet on a fake clock, the compiler, long tables. */
const LONG = new Set([
  'test/architecture.spec.ts',
  'test/cache/settles.spec.ts',
  'test/cache/simulation.spec.ts',
  'test/client/codec/hostile-bytes.spec.ts',
  'test/cluster/distribution/distribution.spec.ts',
  'test/cluster/distribution/page.spec.ts',
  'test/cluster/distribution/ring.spec.ts',
  'test/cluster/distribution/vectors.spec.ts',
  'test/docs/exports.spec.ts',
  'test/docs/options.spec.ts',
  'test/docs/planted-faults.spec.ts',
  'test/public-names.spec.ts',
  'test/types/exact-optional.spec.ts',
]);

const specs = readdirSync(new URL('test/', ROOT), { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.spec.ts') && !/^test\/(nest|adapters)\//.test(file) && !LONG.has(file))
  .filter((file) => !SLOW.test(readFileSync(new URL(file, ROOT), 'utf8')));

const { status } = spawnSync('npm', ['test', '--', '--maxWorkers=100%', ...specs, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
