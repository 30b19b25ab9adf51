/* Changes a line of the build as it is loaded, so that a fault is planted for the proof to find. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

let patch;

/** @param {{ file: string, from: string, to: string }} data `from` stands in the file exactly once. */
export function initialize(data) {
  patch = data;
}

export function load(url, context, next) {
  if (!url.endsWith(`/dist/${patch.file}`)) return next(url, context);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  const parts = source.split(patch.from);
  if (parts.length !== 2)
    throw new Error(`${patch.file} has ${parts.length - 1} times, not once: ${patch.from}`);
  return { format: 'module', source: parts.join(patch.to), shortCircuit: true };
}
