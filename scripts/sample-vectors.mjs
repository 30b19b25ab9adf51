import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Keys kept of each cluster, and of those that are not ASCII at least so many, where clients differ most. */
const KEYS = 60;
const OTHER_KEYS = 20;

const TARGET = new URL('../test/fixtures/vectors/', import.meta.url);

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node scripts/sample-vectors.mjs FOLDER   (of golden vectors)');
  process.exit(2);
}

await mkdir(TARGET, { recursive: true });
let total = 0;
for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
  const sample = sampled(JSON.parse(await readFile(join(folder, file), 'utf8')), randomFrom(file));
  const bytes = gzipSync(JSON.stringify(sample), { level: 9 });
  await writeFile(new URL(`${file}.gz`, TARGET), bytes);
  total += bytes.length;
}
console.log(`${total} bytes`);

function sampled(vectors, random) {
  const { clusters, hashes, ...rest } = vectors;
  if (hashes !== undefined) {
    return { ...rest, hashes: mapped(hashes, (answers) => only(answers, chosenKeys(answers, random))) };
  }
  return {
    ...rest,
    clusters: clusters.map(({ keys, sequence, ...cluster }) => {
      const chosen = chosenKeys(keys, random);
      return {
        ...cluster,
        keys: only(keys, chosen),
        ...(sequence === undefined ? {} : { sequence: only(sequence, chosen) }),
      };
    }),
  };
}

function chosenKeys(answers, random) {
  const keys = shuffled(Object.keys(answers), random);
  const other = keys.filter((key) => /[^\x00-\x7f]/.test(key)).slice(0, OTHER_KEYS);
  return new Set([...other, ...keys].slice(0, KEYS));
}

function only(record, keys) {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keys.has(key)));
}

function mapped(record, change) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function shuffled(list, random) {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/** Numbers below 1, always the same for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = [...seed].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) | 0, 0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
