/**
 * `node scripts/consumers.mjs TARBALL`: installs the packed package into empty applications outside the repository,
 * a Nest 12 one in ESM and a Nest 11 one in CommonJS, compiles them against its types, and runs them: each caches on
 * embedded servers, answers its health route with and without them, and on real ones that are ill (`memcached` has to be
 * on PATH), and has to end by itself. The first also runs tests of its own under vitest, as `node-test.ts` runs under node:test.
 *
 * Ends with status 1 when one of them failed; what it did is printed.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT, run } from './command.mjs';

const TEMPLATES = join(ROOT, 'scripts', 'consumers');

/** How the applications' Terminus calls a cache that is away: version 11 knows no `degraded`. */
const CONSUMERS = [
  {
    name: 'nest12-esm',
    projects: ['tsconfig.json'],
    withoutCache: 'degraded',
    keyv: '6',
    tests: 'node_modules/vitest/vitest.mjs',
  },
  {
    name: 'nest11-commonjs',
    projects: ['tsconfig.json', 'tsconfig.node10.json'],
    withoutCache: 'ok',
    keyv: '5',
  },
];

/** The applications in `consumers/`, each compiled and run by every consumer. */
const PROGRAMS = [
  'app',
  'health',
  'cache-manager',
  'throttler-and-session',
  'dashboard',
  'node-test',
  'buses',
  'metrics',
];

/** A closed application ends at once; this is for slow machines. */
const RUN_LIMIT_MINUTES = 2;

const [argument] = process.argv.slice(2);
if (argument === undefined) {
  console.error('usage: node scripts/consumers.mjs TARBALL');
  process.exit(2);
}
const tarball = resolve(argument);

for (const consumer of CONSUMERS) {
  const folder = mkdtempSync(join(tmpdir(), `nestjs-memcached-${consumer.name}-`));
  try {
    await consume(consumer, folder);
    console.log(`${consumer.name}: sound`);
  } catch (error) {
    console.log(error.output ?? '');
    console.log(`${consumer.name}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function consume({ name, projects, withoutCache, keyv, tests }, folder) {
  cpSync(join(TEMPLATES, name), folder, { recursive: true });
  mkdirSync(join(folder, 'src'));
  for (const program of PROGRAMS) {
    copyFileSync(join(TEMPLATES, `${program}.ts`), join(folder, 'src', `${program}.ts`));
  }

  console.log(`${name}: installing`);
  await run(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--prefer-offline',
      '--loglevel=error',
      tarball,
    ],
    {
      cwd: folder,
    },
  );
  const tsc = (...args) =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', ...args], { cwd: folder });
  for (const project of projects) await tsc('-p', project);
  await checkDeclarations(tsc);

  console.log(`${name}: running`);
  // As `npx nestjs-memcached` does; nobody has to be asked for it.
  const place = await run(join(folder, 'node_modules', '.bin', 'nestjs-memcached'), [
    'which',
    'key',
    '--json',
  ]);
  if (JSON.parse(place).server !== '127.0.0.1:11211') throw new Error(`the command line said ${place}`);
  for (const program of PROGRAMS) {
    const output = await run(process.execPath, ['--trace-uncaught', `dist/${program}.js`], {
      cwd: folder,
      env: { EXPECTED_WITHOUT_CACHE: withoutCache, EXPECTED_KEYV: keyv },
      limitMinutes: RUN_LIMIT_MINUTES,
    });
    console.log(output.trimEnd());
  }
  if (tests === undefined) return;
  const output = await run(process.execPath, [tests, 'run'], {
    cwd: folder,
    // Where CI runs, vitest writes in colours.
    env: { NO_COLOR: '1', FORCE_COLOR: '0' },
    limitMinutes: RUN_LIMIT_MINUTES,
  });
  // Tests that are not found would pass as well.
  if (!/Tests\s+3 passed/.test(output)) throw new Error(`vitest said:\n${output}`);
  console.log('tests under vitest');
}

/** Checks the insides of our declarations too; those of other packages lack optional peers and are left out. */
async function checkDeclarations(tsc) {
  const output = await tsc('-p', 'tsconfig.json', '--noEmit', '--skipLibCheck', 'false').catch(
    (error) => error.output,
  );
  const ours = output.split('\n').filter((line) => line.includes('node_modules/nestjs-memcached/'));
  if (ours.length > 0) throw new Error(`its declarations do not compile:\n${ours.join('\n')}`);
}
