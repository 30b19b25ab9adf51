/**
 * `npm run sample -- NAME`: installs and builds what is missing, and runs a sample; further arguments are the sample's.
 * `-- --all` runs all that come to an end by themselves, one after another, as `npm run check` does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installDependencies } from './check/install.mjs';
import { ROOT, run } from './command.mjs';

const SAMPLES = join(ROOT, 'sample');
/** Has its own way to start, with two processes and a tour: `npm run demo`. */
const DEMO = 'shop';

const names = readdirSync(SAMPLES).filter((name) => existsSync(join(SAMPLES, name, 'package.json')));
const [name, ...args] = process.argv.slice(2);

if (name === '--all') {
  for (const each of names.filter((sample) => sample !== DEMO)) await runQuietly(each);
} else if (names.includes(name)) {
  await installDependencies();
  if (!isBuilt()) await run('npm', ['run', 'build'], { live: true });
  if (name === DEMO) process.exitCode = await start(['run', 'demo', '--', ...args]);
  else {
    await build(name);
    process.exitCode = await start(['start', '--silent', '-w', join('sample', name), '--', ...args]);
  }
} else {
  console.log(
    `npm run sample -- NAME\n\n${names.map((each) => `  ${each.padEnd(32)}${about(each)}`).join('\n')}`,
  );
  process.exitCode = name === undefined || name === '--help' ? 0 : 1;
}

function about(each) {
  return JSON.parse(readFileSync(join(SAMPLES, each, 'package.json'), 'utf8')).description;
}

/** Whether the library has been built since its sources were last written. */
function isBuilt() {
  const built = join(ROOT, 'dist', 'index.js');
  const sources = readdirSync(join(ROOT, 'lib'), { recursive: true }).map((file) => join(ROOT, 'lib', file));
  return existsSync(built) && sources.every((file) => statSync(file).mtimeMs <= statSync(built).mtimeMs);
}

function build(each) {
  return run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', join('sample', each)]);
}

async function runQuietly(each) {
  const startedAt = performance.now();
  await build(each);
  await run('npm', ['start', '-w', join('sample', each)], { limitMinutes: 3 });
  console.log(`  ${each} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
}

async function start(command) {
  const child = spawn('npm', command, { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
