import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, run } from '../scripts/command.mjs';

const BENCH = fileURLToPath(new URL('./', import.meta.url));

/** Installs what is measured against, and builds the library, unless both are there and newer than what they come from. */
export async function prepareOurselves() {
  const installed = join(BENCH, 'node_modules', '.package-lock.json');
  if (!existsSync(join(ROOT, 'node_modules'))) throw new Error('type `npm install` first');
  if (!isNewer(installed, [join(BENCH, 'package.json')])) {
    console.log('installing what is measured against');
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: BENCH });
  }
  const lib = join(ROOT, 'lib');
  const sources = readdirSync(lib, { recursive: true }).map((name) => join(lib, name));
  if (!isNewer(join(ROOT, 'dist', 'index.js'), sources)) {
    console.log('building the library');
    await run('npm', ['run', 'build']);
  }
  // What a start costs is measured on what is published.
  if (!isNewer(join(ROOT, 'package', 'package.json'), sources)) {
    await run(process.execPath, ['scripts/package.mjs']);
  }
}

function isNewer(file, sources) {
  if (!existsSync(file)) return false;
  const { mtimeMs } = statSync(file);
  return sources.every((source) => statSync(source).mtimeMs <= mtimeMs);
}
