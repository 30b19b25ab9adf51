import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, run } from '../command.mjs';

/** What is tested, by major version; the lowest that `engines` allows is tested by CI besides. */
export const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

/** The major versions but for the one that runs this. */
export const OTHER_MAJORS = Object.keys(NODES).filter((major) => NODES[major] !== process.versions.node);

/** Where binaries are kept between checks. */
const CACHE = join(ROOT, 'node_modules', '.cache', 'nestjs-memcached');

/**
 * Gets a version of Node from npm's package `node`, which brings the binary.
 *
 * @param {string} version
 * @returns {Promise<Record<string, string>>} an environment in which `node` and what npm starts are that version.
 */
export async function environmentOf(version) {
  if (process.versions.node === version) return {};
  const folder = join(CACHE, `node-${version}`);
  const binary = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(binary)) {
    const quietly = ['--no-audit', '--no-fund', '--no-save', '--no-package-lock', '--loglevel=error'];
    await run('npm', ['install', '--prefix', folder, ...quietly, `node@${version}`]);
  }
  return { PATH: `${dirname(binary)}:${process.env.PATH}` };
}

/** The tests of the daily loop on the newest Node, unless that is what runs the whole check. */
export async function fastTestsOnNewest() {
  const [newest] = Object.keys(NODES).toSorted((a, b) => b - a);
  const env = await environmentOf(NODES[newest]);
  const output = await run('npm', ['run', 'test:fast', '--', '--ci'], { env, limitMinutes: 10 });
  console.log(`  Node ${NODES[newest]}: ${/^Tests:.*$/m.exec(output)?.[0] ?? 'no figures'}`);
}
