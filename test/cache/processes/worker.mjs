/*
 * One process of a fleet: a cache on a memcached, told by its parent what to do. The database is the parent, so that
 * every process sees the same one. Times are of CLOCK_MONOTONIC, which all processes of a machine share.
 *
 * Arguments: the folder of the compiled library.
 */
import { pathToFileURL } from 'node:url';

const lib = (file) => import(new URL(file, pathToFileURL(`${process.argv[2]}/`)).href);
const { CacheEngine } = await lib('cache/cache-engine.js');
const { MemcachedClient } = await lib('client/client.js');
const { ClientStore } = await lib('store/client-store.js');

let client;
let store;
let cache;

/** Whether storms end. */
let calm = false;

/** Reads are told so many at a time. */
const READS_AT_ONCE = 20;

const answers = new Map();
let questions = 0;

/** Asks the parent's database. */
function ask(question) {
  questions += 1;
  const id = questions;
  process.send({ question, id });
  return new Promise((resolve) => void answers.set(id, resolve));
}

const now = () => Number(process.hrtime.bigint() / 1000n);
const sleep = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));

/** What callers measure of a loader: how often it was called, by key. */
function counting(loads, load) {
  return (key) => () => {
    loads[key] = (loads[key] ?? 0) + 1;
    return load(key);
  };
}

const operations = {
  async start({ clientOptions, cacheOptions }) {
    client = new MemcachedClient(clientOptions);
    await client.connect();
    store = new ClientStore(client);
    cache = new CacheEngine(store, cacheOptions);
  },

  counters: () => cache.counters,

  get: ({ key, value, policy }) => cache.getOrSet(key, () => value, policy),

  /** Callers that each take one from a counter, so many times. */
  async take({ key, callers, times, initial }) {
    let most = 0;
    const before = cache.counters.casRetry;
    const caller = async () => {
      for (let time = 0; time < times; time += 1) {
        let attempts = 0;
        const next = (left) => {
          attempts += 1;
          return left - 1;
        };
        await cache.update(key, next, { initial });
        most = Math.max(most, attempts);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return { retries: cache.counters.casRetry - before, mostAttempts: most };
  },

  /** Callers that all want the same keys at once. */
  async stampede({ keys, callers, loadMs, policy }) {
    const loads = {};
    const load = counting(loads, async (key) => {
      await sleep(loadMs);
      return `value of ${key}`;
    });
    let longest = 0;
    const wrong = [];
    const caller = async () => {
      await Promise.all(
        keys.map(async (key) => {
          const began = performance.now();
          const value = await cache.getOrSet(key, load(key), policy);
          longest = Math.max(longest, performance.now() - began);
          if (value !== `value of ${key}`) wrong.push({ key, value });
        }),
      );
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return { loads, longestMs: longest, wrong };
  },

  /** Reads of one key that begin at a steady pace, whether those before are served or not. */
  async steady({ key, everyMs, forMs, loadMs, policy }) {
    const loads = [];
    const waits = [];
    const load = async () => {
      loads.push(now());
      await sleep(loadMs);
      return 'value';
    };
    const read = async () => {
      const began = performance.now();
      await cache.getOrSet(key, load, policy);
      waits.push(performance.now() - began);
    };
    const reads = [];
    const from = performance.now();
    for (let due = from; due < from + forMs; due += everyMs) {
      await sleep(Math.max(0, due - performance.now()));
      reads.push(read());
    }
    await Promise.all(reads);
    return { loads, waits };
  },

  /** Reads of one new key after the other, whose loads take no time; tells how long each took. */
  async series({ prefix, reads }) {
    const waits = [];
    for (let read = 0; read < reads; read += 1) {
      const began = performance.now();
      await cache.getOrSet(`${prefix}${read}`, () => 'value');
      waits.push(performance.now() - began);
    }
    return waits;
  },

  /** Returns once so many keys have been found to be missing. */
  async began({ reads }) {
    while (cache.counters.miss < reads) await sleep(1);
  },

  /** Returns once no server is owed an invalidation. */
  async paid() {
    const settled = () => client.topology().every(({ state, owed }) => state === 'up' && owed === 0);
    while (!settled()) {
      await sleep(10);
      await client.version();
    }
  },

  invalidate: ({ key }) => cache.invalidate(key),

  /** Wins the lease of a key and never comes back. */
  async seize({ key, policy }) {
    void cache.getOrSet(key, () => new Promise(() => undefined), policy);
    while (cache.counters.leaseWon === 0) await sleep(1);
  },

  /** Reads and writes at random, and tells what was read and invalidated when, since it may be killed before the end. */
  async storm({ readers, writers, keys, forMs = Infinity, policy, tags, naive }) {
    calm = false;
    const reads = [];
    const tellReads = () => process.send({ reads: reads.splice(0) });
    const until = performance.now() + forMs;
    const any = () => Math.floor(Math.random() * keys);
    const get = async (key) => {
      if (!naive) return cache.getOrSet(`k${key}`, () => ask({ load: key }), policyOf(key, policy, tags));
      const known = await client.get(`k${key}`);
      if (known !== undefined) return known;
      const value = await ask({ load: key });
      await client.set(`k${key}`, value, { ttl: '5m' });
      return value;
    };
    const reader = async () => {
      while (!calm && performance.now() < until) {
        const key = any();
        const began = now();
        const value = await get(key);
        reads.push([key, value, began]);
        if (reads.length === READS_AT_ONCE) tellReads();
        await sleep(Math.random() * 4);
      }
    };
    const writer = async () => {
      while (!calm && performance.now() < until) {
        const key = any();
        const value = await ask({ write: key });
        if (naive) await client.delete(`k${key}`);
        else if (tags) await cache.invalidateTags(`t${key}`);
        else await cache.invalidate(`k${key}`);
        process.send({ invalidated: [key, value, now()] });
        await sleep(Math.random() * 20);
      }
    };
    const work = [...Array.from({ length: readers }, reader), ...Array.from({ length: writers }, writer)];
    await Promise.all(work);
    tellReads();
    return cache.counters;
  },

  /** Ends a storm. */
  calm() {
    calm = true;
  },

  /** What this process is served for every key now. */
  async settle({ keys, policy, tags, naive }) {
    const all = Array.from({ length: keys }, (_, key) => key);
    return Promise.all(
      all.map((key) =>
        naive
          ? client.get(`k${key}`)
          : cache.getOrSet(`k${key}`, () => ask({ load: key }), policyOf(key, policy, tags)),
      ),
    );
  },

  async stop() {
    await cache.close();
    await client.close();
    process.disconnect();
  },
};

function policyOf(key, policy, tags) {
  return tags ? { ...policy, tags: [`t${key}`] } : policy;
}

async function receive({ operation, id, args, answer }) {
  if (operation === undefined) {
    answers.get(id)(answer);
    answers.delete(id);
    return;
  }
  try {
    const result = await operations[operation](args ?? {});
    if (process.connected) process.send({ id, result });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
}

process.on('message', (message) => void receive(message));
process.on('disconnect', () => process.exit());
