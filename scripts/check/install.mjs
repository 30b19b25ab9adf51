import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../command.mjs';

/** npm writes this file at the end of an installation. */
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');

/**
 * Runs `npm install` unless node_modules is there and newer than every package.json.
 *
 * Not `npm ci`: a lock file lacks the optional binaries of the platforms it was not written on, and `ci` then fails. Nor is
 * the lock file completed: whoever looks at the demo is left with a clean work tree.
 */
export async function installDependencies() {
  refuseOldNode();
  if (isInstalled()) return;
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { live: true });
}

function isInstalled() {
  if (!existsSync(INSTALLED)) return false;
  const samples = readdirSync(join(ROOT, 'sample')).map((name) => join(ROOT, 'sample', name, 'package.json'));
  const manifests = [join(ROOT, 'package.json'), ...samples].filter((file) => existsSync(file));
  const installed = statSync(INSTALLED).mtimeMs;
  return manifests.every((file) => statSync(file).mtimeMs <= installed);
}

/** Only the form that `engines` has is understood: `^20.19.0 || ^22.12.0 || >=24.0.0`. */
function refuseOldNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [major, minor] = process.versions.node.split('.').map(Number);
  const fits = engines.node.split('||').some((range) => {
    const [, sign, wantedMajor, wantedMinor] = /(\^|>=)(\d+)\.(\d+)/.exec(range);
    if (sign === '>=' && major > Number(wantedMajor)) return true;
    return major === Number(wantedMajor) && minor >= Number(wantedMinor);
  });
  if (!fits)
    throw new Error(
      `Node ${process.versions.node} is too old or untried; package.json asks for ${engines.node}`,
    );
}
