import { load, makeData, WrongValue } from '../measure/data.mjs';
import { Latency } from '../measure/latency.mjs';
import { Run, take } from '../measure/run.mjs';

/** Every so many operations of the mixed workload, one is a set. */
const SET_EVERY = 10;

/**
 * Loops of one command after another on one client.
 *
 * @param {object} params
 * @param {'get' | 'set' | 'mixed' | 'getMany'} params.command
 * @param {number} params.loops how many run side by side: requests in flight.
 * @param {'text' | 'bytes' | 'json'} params.values
 * @param {number} params.size of each value, in bytes.
 * @param {number} [params.keys] how many there are. @default 1000
 * @param {number} [params.perCall] keys of one `getMany`.
 */
export async function measureCommands(client, params, budget, callbacks = false) {
  const { command, loops, values, size, keys = 1000, perCall } = params;
  const data = makeData(keys, values, size);
  await load(client, data);
  const batches = command === 'getMany' ? makeBatches(data, perCall) : undefined;
  const run = new Run(batches?.length ?? keys, budget.operations);
  const latency = new Latency();
  const loop = {
    get: loops === 1 ? timedGets : callbacks ? getChain : gets,
    set: callbacks ? setChain : sets,
    mixed,
    getMany,
  }[command];
  const figures = await take(
    run,
    () => Array.from({ length: loops }, () => loop(run, client, batches ?? data, latency)),
    budget,
  );
  if (command === 'set' || command === 'mixed') await checkAll(client, data);
  await client.close();
  if (loop === timedGets || loop === mixed) Object.assign(figures, latency.figures());
  if (command === 'getMany') {
    figures.rate *= perCall;
    figures.cpuMicros /= perCall;
    figures.garbageBytes /= perCall;
    figures.gcMsPerMillion /= perCall;
  }
  return figures;
}

async function gets(run, client, { keys, values, same }) {
  while (run.going) {
    const index = run.next();
    const value = await client.get(keys[index]);
    if (!same(value, values[index])) throw new WrongValue(keys[index]);
    run.tick();
  }
}

async function timedGets(run, client, { keys, values, same }, latency) {
  while (run.going) {
    const index = run.next();
    const startedAt = performance.now();
    const value = await client.get(keys[index]);
    if (run.counting) latency.record(performance.now() - startedAt);
    if (!same(value, values[index])) throw new WrongValue(keys[index]);
    run.tick();
  }
}

async function sets(run, client, { keys, values }) {
  while (run.going) {
    const index = run.next();
    await client.set(keys[index], values[index]);
    run.tick();
  }
}

async function mixed(run, client, { keys, values, same }, latency) {
  let turn = run.next();
  while (run.going) {
    const index = run.next();
    const startedAt = performance.now();
    turn += 1;
    if (turn % SET_EVERY === 0) {
      await client.set(keys[index], values[index]);
    } else {
      const value = await client.get(keys[index]);
      if (!same(value, values[index])) throw new WrongValue(keys[index]);
    }
    if (run.counting) latency.record(performance.now() - startedAt);
    run.tick();
  }
}

async function getMany(run, client, batches) {
  while (run.going) {
    const { keys, values } = batches[run.next()];
    const found = await client.getMany(keys);
    for (let index = 0; index < keys.length; index += 1) {
      if (found.get(keys[index]) !== values[index]) throw new WrongValue(keys[index]);
    }
    run.tick();
  }
}

/** The same loops without a promise per request, which only the floors can do. */
function getChain(run, client, { keys, values, same }) {
  return chain(
    run,
    (index, onDone) => client.getThen(keys[index], onDone),
    (value, index) => {
      if (!same(value, values[index])) throw new WrongValue(keys[index]);
    },
  );
}

function setChain(run, client, { keys, values }) {
  return chain(
    run,
    (index, onDone) => client.setThen(keys[index], values[index], onDone),
    () => undefined,
  );
}

function chain(run, send, check) {
  return new Promise((resolve) => {
    let index = run.next();
    const onDone = (value) => {
      check(value, index);
      run.tick();
      if (!run.going) {
        resolve();
        return;
      }
      index = run.next();
      send(index, onDone);
    };
    send(index, onDone);
  });
}

/** Windows on the keys, each beginning where the last one ended. */
function makeBatches({ keys, values }, perCall) {
  const count = Math.max(1, Math.floor(keys.length / perCall));
  return Array.from({ length: count }, (_, batch) => ({
    keys: keys.slice(batch * perCall, (batch + 1) * perCall),
    values: values.slice(batch * perCall, (batch + 1) * perCall),
  }));
}

async function checkAll(client, { keys, values, same }) {
  for (let index = 0; index < keys.length; index += 1) {
    if (!same(await client.get(keys[index]), values[index])) throw new WrongValue(keys[index]);
  }
}
