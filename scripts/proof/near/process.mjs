/* What a process of the storms of near caches does. The database is a memcached of its own, which nobody kills. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { LosingBus } from './losing-bus.mjs';

/** Reads between two turns of the event loop. */
const BURST = 300;

/** A row takes up to so long to be read or written. */
const DATABASE_MS = 4;

/** @param openOther opens another cache in the place of ours, with `args` of its bus. */
export function operations(lib, dist, openOther) {
  const { CacheEngine, ClientStore, MemcachedClient } = lib;
  let client;
  let database;
  let cache;
  let bus;
  let calm = false;

  const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;
  const rowOf = (key) => `row:${key}`;

  async function load(key) {
    await sleep(Math.random() * DATABASE_MS);
    const row = Number((await database.get(rowOf(key))) ?? 0);
    await sleep(Math.random() * DATABASE_MS);
    return { row };
  }

  return {
    /** @param bus `{ module, args, lost }`: a module that exports `createBus(args)`, and which part of the messages it loses. */
    async open({ servers, databaseServer, near, busOf, clientOptions }) {
      database = new MemcachedClient({ servers: databaseServer, commandTimeout: '30s' });
      client = new MemcachedClient({ servers, ...clientOptions });
      if (openOther !== undefined) {
        cache = await openOther(busOf.args);
        return;
      }
      if (busOf !== undefined) {
        const { createBus } = await import(busOf.module);
        bus = new LosingBus(await createBus(busOf.args, pathToFileURL(`${dist}/`)), busOf.lost ?? 0);
      }
      const withBus = near === undefined || bus === undefined ? near : { ...near, bus };
      cache = new CacheEngine(new ClientStore(client), {
        lease: '1s',
        ...(withBus === undefined ? {} : { near: withBus }),
      });
      await client.connect().catch(() => undefined);
    },

    /** Reads at random; of every version of every row, when the last read began that was served it. */
    async read({ keys, tags }) {
      const last = Array.from({ length: keys }, () => new Map());
      let reads = 0;
      while (!calm) {
        for (let read = 0; read < BURST; read += 1) {
          const key = Math.floor(Math.random() * keys);
          const began = now();
          const { row: version } = await cache.getOrSet(
            `k${key}`,
            () => load(key),
            tags ? { tags: [`t${key}`] } : undefined,
          );
          last[key].set(version, began);
          reads += 1;
        }
        await sleep(1);
      }
      return { reads, near: cache.near, last: last.map((versions) => [...versions]) };
    },

    /** Writes at random. A file tells what was begun and what was invalidated when, since the process may be killed. */
    async write({ keys, tags, everyMs, log }) {
      while (!calm) {
        const key = Math.floor(Math.random() * keys);
        appendFileSync(log, `begin ${key}\n`);
        await sleep(Math.random() * DATABASE_MS);
        const row = await database.incr(rowOf(key), 1, { initial: 1 });
        if (tags) await cache.invalidateTags(`t${key}`);
        else await cache.invalidate(`k${key}`);
        const returned = now();
        const owed = client.topology().reduce((sum, node) => sum + node.owed, 0);
        appendFileSync(log, `end ${key} ${row} ${returned} ${owed}\n`);
        await sleep(Math.random() * 2 * everyMs);
      }
    },

    calm() {
      calm = true;
    },

    /** Loses all messages for so long. */
    cut({ forMs }) {
      bus?.cut(forMs);
    },

    /** What is served of every row after so long, in which everything was read all the while. */
    async rest({ keys, tags, afterMs }) {
      const until = now() + afterMs;
      for (;;) {
        const isOver = now() > until;
        const rows = [];
        for (let key = 0; key < keys; key += 1) {
          const { row } = await cache.getOrSet(
            `k${key}`,
            () => load(key),
            tags ? { tags: [`t${key}`] } : undefined,
          );
          rows.push(row);
        }
        if (isOver) return rows;
        await sleep(10);
      }
    },

    /** Returns once no server is owed anything. */
    async paid() {
      while (client.topology().some(({ state, owed }) => state !== 'up' || owed > 0)) {
        await client.version();
        await sleep(20);
      }
    },

    async rows({ keys }) {
      return Promise.all(
        Array.from({ length: keys }, async (_, key) => Number((await database.get(rowOf(key))) ?? 0)),
      );
    },

    async close() {
      await cache.close();
      await client.close();
      await database.close();
    },
  };
}
