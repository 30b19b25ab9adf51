/*
 * What near caches cost, in processor time, since a clock on the wall tells what else the machine does: what a recheck saves, a
 * copy, the polling, memory for an entry, and by how much a hit grows with what is kept. node bench/micro/near-cache.mjs, after a build.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CacheEngine, ClientStore, MemcachedClient } from '../../dist/index.js';
import { createDefaultCodec } from '../../dist/client/codec/default-codec.js';
import { NearCache } from '../../dist/near/near-cache.js';
import { keptValue } from '../../dist/store/kept-values.js';
import { startServers } from '../../scripts/memcached.mjs';
import { recordOf } from '../measure/data.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Microseconds of processor time that one of `count` takes: the least of some rounds. */
async function micros(count, work, rounds = 7) {
  let least = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    await work(count);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / count);
  }
  return least;
}

function say(what, figures) {
  console.log(`${what.padEnd(34)} ${figures.join('   ')}`);
}

const SHARDS = Array.from({ length: 256 }, (_, shard) => shard);

const us = (value) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} µs`;

/** `mg` without the value, which tells whether it has changed, beside the read that would be done otherwise. */
async function rechecks(client) {
  const store = new ClientStore(client);
  for (const bytes of [100, 1024, 4096, 16_384, 65_536]) {
    const key = `text-${bytes}`;
    await new CacheEngine(store).set(key, 'x'.repeat(bytes), { ttl: '1h' });
    const many = (ask) => async (count) => {
      for (let done = 0; done < count; done += 50) await Promise.all(Array.from({ length: 50 }, ask));
    };
    const asked = await micros(
      1000,
      many(() => store.recheck(key)),
    );
    const read = await micros(
      1000,
      many(() => store.read(key, 0, 0)),
    );
    say(`a text of ${bytes} bytes`, [`rechecked ${us(asked)}`, `read ${us(read)}`]);
  }
}

async function copies() {
  const codec = createDefaultCodec();
  const record = recordOf(7);
  const { data, flags } = codec.encode(record, 'key');
  const text = JSON.stringify(record);
  const kept = keptValue(codec, data, flags, 'key', record, 'copy');
  const repeat = (work) => async (count) => {
    for (let done = 0; done < count; done += 1) work();
  };
  const copied = await micros(
    50_000,
    repeat(() => kept.take()),
  );
  const parsed = await micros(
    50_000,
    repeat(() => JSON.parse(text)),
  );
  say(`an object of ${text.length} bytes`, [`copied ${us(copied)}`, `parsed ${us(parsed)}`]);
}

/** Twice in `maxAge: '1s'`, all 256 epochs of a server, with one hit in a tenth of a second that has it going on. */
async function polling(client) {
  const seconds = 10;
  await client.set('~near', 'bench', { ttl: '20h' });
  const shares = [];
  for (const near of [undefined, { maxAge: '1s', maxItems: 10_000 }]) {
    const store = new ClientStore(client);
    const cache = new CacheEngine(store, near === undefined ? {} : { near });
    const keys = Array.from({ length: 3000 }, (_, index) => `polled-${index}`);
    const read = (some) => Promise.all(some.map((key) => cache.getOrSet(key, () => 'value', { ttl: '1h' })));
    for (let round = 0; round < 5; round += 1) {
      await read(keys);
      await sleep(300);
    }
    // As in a process that has been there for some minutes, and whose code is compiled.
    const [{ server }] = client.topology();
    for (let round = 0; round < 500; round += 1) await store.epochs.readEpochs(server, SHARDS);
    const before = process.cpuUsage();
    const polls = cache.near?.polls;
    for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
      if (near !== undefined) await read([keys[0]]);
      await sleep(100);
    }
    const { user, system } = process.cpuUsage(before);
    shares.push({ ms: (user + system) / 1000, polls: cache.near?.polls - polls });
    await cache.close();
  }
  const [{ ms: without }, { ms: withNear, polls }] = shares;
  const own = Math.max(0, withNear - without);
  say('polling, maxAge 1 s', [
    `${((own / seconds / 1000) * 100).toFixed(2)} % of a processor`,
    `${((own / polls) * 1000).toFixed(0)} µs a round`,
    `${(polls / seconds).toFixed(1)} rounds a second`,
  ]);
}

/** Epochs that never change, of a server that is not there. */
const EPOCHS = {
  epochOfKey: (key) => ({ server: 'one', shard: key.charCodeAt(key.length - 1) % 256 }),
  epochOfTag: () => undefined,
  readEpochs: async (_server, shards) => ({ mark: 'mark', epochs: shards.map((shard) => `epoch-${shard}`) }),
  addEpoch: async () => undefined,
  addMark: async () => undefined,
  markAgeMs: async () => 3_600_000,
  tellsTtl: () => true,
  keepMark: async () => undefined,
  onServersChange: () => undefined,
};

const TERMS = {
  nearMs: 600_000,
  share: 'same',
  graceSeconds: 0,
  recacheSeconds: 0,
  tags: [],
  schema: undefined,
};

const CLOCK = {
  now: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(() => call(), delayMs);
    return () => clearTimeout(timer);
  },
};

const keyOf = (index) => `shop:product:${1_000_000 + index}`;

function used() {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** A near cache that has so many texts of 26 bytes. */
async function filled(keys) {
  const near = new NearCache(
    EPOCHS,
    {
      maxAge: 600_000,
      maxAgeWithBus: 600_000,
      maxItems: keys.length,
      maxBytes: undefined,
      maxValueBytes: 65_536,
      sealed: false,
      busSecret: '',
      bus: undefined,
    },
    CLOCK,
  );
  const admit = (key, index) => {
    near.wants(key, TERMS);
    const wanted = near.wants(key, TERMS);
    const text = `a text of 26 bytes ${1_000_000 + index}`;
    const value = { size: 26, take: () => text };
    near.admit(key, value, {
      moment: wanted?.moment ?? 0,
      terms: TERMS,
      versions: [],
      cas: '',
      ttlMs: undefined,
    });
  };
  // The epochs are asked for because of them.
  for (let shard = 0; shard < 256; shard += 1) near.wants(String.fromCharCode(shard), TERMS);
  keys.slice(0, 1000).forEach(admit);
  await sleep(300);
  keys.forEach(admit);
  return near;
}

/** Entries with a text of 26 bytes, of caches that keep few and many. */
async function entries() {
  const first = await filled([keyOf(0)]);
  first.report();
  await first.close();
  for (const count of [1000, 100_000, 1_000_000]) {
    const keys = Array.from({ length: count }, (_, index) => keyOf(index));
    const before = used();
    const near = await filled(keys);
    const bytes = used() - before;
    const { items } = near.report();
    say(`an entry, of ${items.toLocaleString('en')}`, [
      `${(bytes / items).toFixed(0)} bytes with its text of 26`,
    ]);
    await near.close();
  }
}

/** So many keys are read again and again in a cache whose others nobody asks for. */
const HOT = 1000;

/** Hits at random, by keys that are kept and by keys that are made for each, and of a few that are hot; beside a bare `Map`. */
async function growth() {
  const times = {};
  for (const count of [1000, 1_000_000]) {
    const keys = Array.from({ length: count }, (_, index) => keyOf(index));
    const near = await filled(keys);
    const map = new Map(keys.map((key) => [key, { value: key }]));
    const order = Uint32Array.from({ length: 200_000 }, () => Math.floor(Math.random() * count));
    const hot = Uint32Array.from({ length: HOT }, () => Math.floor(Math.random() * count));
    let found = 0;
    const each = (work) => async () => {
      for (const index of order) if (work(index) !== undefined) found += 1;
    };
    const ways = {
      'bare Map': (index) => map.get(keys[index]),
      'near hit': (index) => near.find(keys[index], TERMS),
      'bare Map, key made': (index) => map.get(keyOf(index)),
      'near hit, key made': (index) => near.find(keyOf(index), TERMS),
      'near hit, of 1 k that are hot': (index) => near.find(keys[hot[index % HOT]], TERMS),
    };
    for (const [name, work] of Object.entries(ways)) {
      (times[name] ??= []).push(await micros(order.length, each(work)));
    }
    if (found < order.length * 7 * Object.keys(ways).length * 0.99)
      throw new Error(`only ${found} were found`);
    await near.close();
  }
  for (const [name, [few, many]] of Object.entries(times)) {
    say(`${name}, of 1 k and of 1 M`, [us(few), us(many), `× ${(many / few).toFixed(1)}`]);
  }
  const beyond = (name, bare) => times[name].map((time, index) => time - times[bare][index]);
  for (const made of ['', ', key made']) {
    const [few, many] = beyond(`near hit${made}`, `bare Map${made}`);
    say(`beyond the Map's${made}`, [us(few), us(many), `× ${(many / few).toFixed(1)}`]);
  }
}

const servers = await startServers(1);
const client = new MemcachedClient({ servers: servers.addresses, commandTimeout: '30s' });
try {
  await rechecks(client);
  await copies();
  await polling(client);
  await entries();
  await growth();
} finally {
  await client.close();
  await servers.stop();
}
