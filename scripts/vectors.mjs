import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compareVectors } from './compare-vectors.mjs';

/** How many differences are shown of each file. */
const SHOWN = 5;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run vectors -- FOLDER   (of golden vectors, .json or .json.gz)');
  process.exit(2);
}

const dist = new URL('../dist/cluster/distribution/', import.meta.url);
const { createPlacement } = await import(new URL('distribution.js', dist));
const { keyHash } = await import(new URL('hash/named.js', dist));

let checked = 0;
let wrong = 0;
const files = (await readdir(folder)).filter((file) => /\.json(\.gz)?$/.test(file)).sort();
for (const file of files) {
  const bytes = await readFile(join(folder, file));
  const vectors = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
  const name = basename(file).replace(/\.json(\.gz)?$/, '');
  let result;
  try {
    result = compareVectors(name, vectors, { createPlacement, keyHash });
  } catch (error) {
    result = { checked: 0, mismatches: [error.message] };
  }
  checked += result.checked;
  wrong += result.mismatches.length;
  console.log(`${name}: ${result.checked} checked, ${result.mismatches.length} mismatches`);
  for (const mismatch of result.mismatches.slice(0, SHOWN)) console.log(`  ${mismatch}`);
}
console.log(`total: ${files.length} files, ${checked} checked, ${wrong} mismatches`);
process.exitCode = wrong > 0 || checked === 0 ? 1 : 0;
