import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether everything in `sources` has been compiled into `output` since it was last changed, and since `inputs` were.
 *
 * @param {string} sources folder of the TypeScript files and of whatever else the build reads.
 * @param {string} output folder of the compiled files.
 * @param {readonly string[]} inputs files that the build depends on besides.
 */
export function isBuilt(sources, output, inputs) {
  if (!existsSync(output)) return false;
  const compiled = new Map(entries(output, ['.js']));
  const wanted = entries(sources, ['.ts']).map(([name]) => name.replace(/\.ts$/, '.js'));
  if (wanted.length === 0 || wanted.some((name) => !compiled.has(name))) return false;
  // A file that was taken away is seen by its folder.
  const changed = Math.max(...entries(sources).map(([, time]) => time), ...inputs.map(timeOf));
  return Math.min(...wanted.map((name) => compiled.get(name))) >= changed;
}

/** What a folder holds, folders too, by their names within it, with the time of the last change; or files of some kinds. */
function entries(folder, kinds = ['']) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => kinds.some((kind) => name.endsWith(kind)) && !name.endsWith('.d.ts'))
    .map((name) => [name, timeOf(join(folder, name))]);
}

function timeOf(path) {
  return statSync(path).mtimeMs;
}
