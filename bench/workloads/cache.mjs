import { setImmediate as nextTurn, setTimeout as nextPass } from 'node:timers/promises';
import { load, makeData, WrongValue } from '../measure/data.mjs';
import { Run, take } from '../measure/run.mjs';

const KEYS = 1000;

/** Keys that are filled at a time. */
const TOGETHER = 64;

/** Between two passes: enough for a near cache to learn the epochs. */
const PAUSE_MS = 500;

/** Reads out of the process in one turn of the event loop. */
const TURN = 1000;

/**
 * Loops of reads through a cache that has everything, so that no loader is ever called.
 *
 * @param {object} client with `getOrSet`, or with `get` for the plain reads it is compared to; with `getAll` where many keys are
 *   read by one call.
 * @param {{ loops: number, values: 'text' | 'json', size: number, keys?: number, together?: boolean }} params `together`:
 *   all keys at once, again and again, instead of loops that go their own ways. `inProcess`: what is served out of the process
 *   never waits for anything, so that every so often the loops have to. `passes`: how often everything is read before, many keys
 *   at a time: a loop alone would take minutes for a million.
 */
export async function measureWarmCache(
  client,
  { loops, values, size, keys = KEYS, together = false, inProcess = false, passes = 0 },
  budget,
) {
  const data = makeData(keys, values, size);
  await (client.getOrSet === undefined ? load(client, data) : fill(client, data));
  const read =
    client.getOrSet === undefined ? (key) => client.get(key) : (key) => client.getOrSet(key, refuse);
  for (let pass = 0; pass < passes; pass += 1) {
    await fill(client, data);
    await nextPass(PAUSE_MS);
  }
  const run = new Run(keys);
  const begin = together
    ? () => [all(run, client.getAll ?? ((wanted) => Promise.all(wanted.map(read))), data)]
    : () => Array.from({ length: loops }, () => loop(run, read, data, inProcess));
  const figures = await take(run, begin, budget);
  await client.close();
  return figures;
}

async function fill(client, { keys, values }) {
  const together = client.fillsOneByOne ? 1 : TOGETHER;
  for (let from = 0; from < keys.length; from += together) {
    const some = keys.slice(from, from + together);
    await Promise.all(some.map((key, index) => client.getOrSet(key, () => values[from + index])));
  }
}

function refuse() {
  throw new Error('a loader was called though the value had been stored');
}

async function all(run, readAll, { keys, values, same }) {
  while (run.going) {
    const found = await readAll(keys, refuse);
    found.forEach((value, index) => {
      if (!same(value, values[index])) throw new WrongValue(keys[index]);
      run.tick();
    });
  }
}

async function loop(run, read, { keys, values, same }, inProcess) {
  while (run.going) {
    if (inProcess && run.done % TURN === 0) await nextTurn();
    const index = run.next();
    const value = await read(keys[index]);
    if (!same(value, values[index])) throw new WrongValue(keys[index]);
    run.tick();
  }
}
