import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGES } from './contenders.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));
const GIB = 1024 ** 3;

/** Everything a reader has to know to believe a result, or to get it again. */
export function describeRun(programs, command) {
  return {
    date: new Date().toISOString(),
    command,
    commit: git('rev-parse', 'HEAD'),
    changedSince: git('status', '--porcelain', '--', 'lib', 'bench') !== '',
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / GIB),
      os: `${type()} ${release()}`,
    },
    versions: { node: process.versions.node, memcached: programs.memcached, redis: programs.redis },
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
}

/** @returns {string} where it was written: `bench/results/DATE.json`. */
export function writeResult(result) {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${result.date.slice(0, 10)}.json`);
  writeFileSync(file, `${JSON.stringify(result, undefined, 1)}\n`);
  return file;
}

export function readResult(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Not all of them export their package.json, so it is looked for from the file that is imported. */
function versionOf(name) {
  const require = createRequire(import.meta.url);
  let folder = dirname(require.resolve(name));
  for (;;) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (found.name === name) return found.version;
    } catch {
      // Not here.
    }
    if (folder === dirname(folder)) return 'unknown';
    folder = dirname(folder);
  }
}
