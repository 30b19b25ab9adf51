import { setImmediate as nextTurn } from 'node:timers/promises';
import { load, makeData, WrongValue } from '../measure/data.mjs';
import { Run, take } from '../measure/run.mjs';

const KEYS = 1000;

/** Reads out of the process in one turn of the event loop. */
const TURN = 1000;

/**
 * Loops of reads through a cache that has everything, so that no loader is ever called.
 *
 * @param {object} client with `getOrSet`, or with `get` for the plain reads it is compared to; with `getAll` where many keys are
 *   read by one call.
 * @param {{ loops: number, values: 'text' | 'json', size: number, keys?: number, together?: boolean }} params `together`:
 *   all keys at once, again and again, instead of loops that go their own ways. `inProcess`: what is served out of the process
 *   never waits for anything, so that every so often the loops have to.
 */
export async function measureWarmCache(
  client,
  { loops, values, size, keys = KEYS, together = false, inProcess = false },
  budget,
) {
  const data = makeData(keys, values, size);
  await (client.getOrSet === undefined ? load(client, data) : fill(client, data));
  const read =
    client.getOrSet === undefined ? (key) => client.get(key) : (key) => client.getOrSet(key, refuse);
  const run = new Run(keys);
  const begin = together
    ? () => [all(run, client.getAll ?? ((wanted) => Promise.all(wanted.map(read))), data)]
    : () => Array.from({ length: loops }, () => loop(run, read, data, inProcess));
  const figures = await take(run, begin, budget);
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
