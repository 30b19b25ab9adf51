/* Everything that the cache keeps on a server (entries, versions of tags, leases, answers of routes), forged there and read. */
import { get } from 'node:http';
import * as fc from 'fast-check';
import { hostileValues, mutated } from '../../../test/support/hostile-values.ts';
import { open } from '../subject.mjs';
import { startHttpRows } from './http-rows.mjs';

const ROWS = 24;

/** How many are made in one turn of the event loop. */
const MADE_IN_A_TURN = 4;

/** This part of the items is forged each time. */
const FORGED_PART = 0.4;

/** A call that has not come back by then never will: each may load, and none has to wait for anybody. */
const LIMIT_MS = 20_000;

/** Bytes and flags as they are. */
const BARE = {
  encode: ({ data, flags }) => ({ data, flags }),
  decode: (data, flags) => ({ data: Buffer.from(data), flags }),
};

/** What never comes out of a store. */
const NEVER = ['set-cookie', 'upgrade', 'x-forged'];

export class Forgeries {
  /** @readonly */
  #found;
  #cache;
  #bare;
  #http;
  #version = 0;
  #seed = 0;

  constructor(found) {
    this.#found = found;
  }

  static async open(lib, dist, address, found) {
    const forgeries = new Forgeries(found);
    const options = { servers: address, commandTimeout: '5s' };
    forgeries.#cache = open(lib, options).service;
    forgeries.#bare = new lib.MemcachedClient({ ...options, codec: BARE });
    forgeries.#http = await startHttpRows(lib, dist, options, (id) => forgeries.#load(id));
    return forgeries;
  }

  /** Fills the cache, forges what is there, and asks for all of it; then once more, with all of it invalidated. */
  async round() {
    await this.#ask('sound');
    await this.#forge();
    await this.#ask('forged');
    this.#version += 1;
    await this.#all([
      ...ids.map((id) => this.#cache.invalidate(`plain:${id}`)),
      ...ids.map((id) => this.#cache.invalidateTags(`t${id}`)),
      ...ids.map((id) => this.#http.invalidate(id)),
    ]);
    const values = await this.#ask('invalidated');
    const old = values.filter((value) => value?.version !== this.#version);
    if (old.length > 0) this.#found.complain(`${JSON.stringify(old[0])} after an invalidation`);
    // What nobody can read must not be in the way of what is stored anew.
    await this.#bare.flushAll();
  }

  async close() {
    await Promise.all([this.#http.close(), this.#cache.close(), this.#bare.close()]);
  }

  #load(id) {
    return Promise.resolve({ id, version: this.#version });
  }

  #ask() {
    const policy = { ttl: '1m', grace: '1m' };
    return this.#all([
      ...ids.map((id) => this.#cache.getOrSet(`plain:${id}`, () => this.#load(id), policy)),
      ...ids.map((id) =>
        this.#cache.getOrSet(`tagged:${id}`, () => this.#load(id), { ...policy, tags: [`t${id}`, 'all'] }),
      ),
      ...ids.map((id) => this.#answer(id)),
    ]);
  }

  async #forge() {
    const keys = [];
    // An answer whose tags are forged as well is not looked at.
    for await (const key of this.#bare.keys()) if (Math.random() < FORGED_PART) keys.push(key);
    const stored = await this.#bare.getMany(keys);
    const sound = [...stored.values()];
    const arbitrary = fc.oneof(
      { arbitrary: mutated(sound), weight: 4 },
      { arbitrary: hostileValues(sound), weight: 2 },
      { arbitrary: fc.constant({ data: Buffer.alloc(0), flags: 0 }), weight: 1 },
    );
    // In turns of its own, which are not those of the library.
    const forged = [];
    while (forged.length < keys.length) {
      this.#seed += 1;
      forged.push(...fc.sample(arbitrary, { numRuns: MADE_IN_A_TURN, seed: this.#seed }));
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await this.#bare.setMany(keys.map((key, index) => [key, aimed(stored.get(key)) ?? forged[index]]));
    this.#found.tried += keys.length;
  }

  /** The answer of a route, which has to be one that may be given. */
  #answer(id) {
    return new Promise((resolve, reject) => {
      get(this.#http.request(id), (response) => {
        let text = '';
        response.on('data', (part) => (text += part)).once('error', reject);
        response.once('end', () => {
          const { statusCode, headers } = response;
          const never = NEVER.find((name) => name in headers);
          if (statusCode >= 500) this.#found.complain(`status ${statusCode}: ${text}`);
          if (never !== undefined) this.#found.complain(`a header ${never}`);
          resolve(parsed(text));
        });
      }).once('error', reject);
    });
  }

  /** @returns their values; whatever fails or does not come back is wrong. */
  async #all(calls) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('a call did not come back')), LIMIT_MS);
    });
    try {
      return await Promise.race([Promise.all(calls), late]);
    } catch (error) {
      this.#found.complain(`${error.stack}`);
      return [];
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What somebody would write who knows how answers of routes are stored. */
const AIMS = [
  ['"status":200', '"status":599'],
  ['"headers":[', '"headers":[["set-cookie","sid=evil"],'],
  ['"headers":[', '"headers":[["x-ok","a\\r\\nx-forged: 1"],'],
  ['"headers":[', '"headers":[["upgrade","h2c"],'],
];

function aimed(stored) {
  const [from, to] = AIMS[Math.floor(Math.random() * AIMS.length)];
  const text = stored?.data.toString('latin1') ?? '';
  if (Math.random() < 0.5 || !text.includes(from)) return undefined;
  return { flags: stored.flags, data: Buffer.from(text.replace(from, to), 'latin1') };
}

const ids = Array.from({ length: ROWS }, (_, id) => id);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
