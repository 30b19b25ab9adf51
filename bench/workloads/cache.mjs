import { load, makeData, WrongValue } from '../measure/data.mjs';
import { Run, take } from '../measure/run.mjs';

const KEYS = 1000;

/**
 * Loops of reads through a cache that has everything, so that no loader is ever called.
 *
 * @param {object} client with `getOrSet`, or with `get` for the plain reads it is compared to.
 * @param {{ loops: number, values: 'text' | 'json', size: number }} params
 */
export async function measureWarmCache(client, { loops, values, size }, budget) {
  const data = makeData(KEYS, values, size);
  await (client.getOrSet === undefined ? load(client, data) : fill(client, data));
  const read =
    client.getOrSet === undefined ? (key) => client.get(key) : (key) => client.getOrSet(key, refuse);
  const run = new Run(KEYS);
  const figures = await take(run, () => Array.from({ length: loops }, () => loop(run, read, data)), budget);
  await client.close();
  return figures;
}

async function fill(client, { keys, values }) {
  for (let index = 0; index < keys.length; index += 1)
    await client.getOrSet(keys[index], () => values[index]);
}

function refuse() {
  throw new Error('a loader was called though the value had been stored');
}

async function loop(run, read, { keys, values, same }) {
  while (run.going) {
    const index = run.next();
    const value = await read(keys[index]);
    if (!same(value, values[index])) throw new WrongValue(keys[index]);
    run.tick();
  }
}
