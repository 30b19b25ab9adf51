/* What a process of the cluster's rows does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopDelay } from '../event-loop.mjs';
import { open } from '../subject.mjs';

export function operations(lib) {
  let subject;
  let stopping = false;
  const codes = {};
  const note = (error) => {
    const code = error.code ?? error.name;
    codes[code] = (codes[code] ?? 0) + 1;
  };

  return {
    async open(options) {
      subject = open(lib, options);
      await subject.raw.connect().catch(() => undefined);
    },

    stop() {
      stopping = true;
    },

    async close() {
      await subject.service.close();
    },

    /** Keys that belong to a server. */
    keysOn({ address, count, prefix }) {
      const keys = [];
      for (let index = 0; keys.length < count; index += 1) {
        const key = `${prefix}${index}`;
        if (subject.raw.serverFor(key) === address) keys.push(key);
      }
      return keys;
    },

    /** Loops that read through the cache until they are stopped; tells how long reads waited beyond the loader. */
    async reads({ loops, keys, loadMs, policy, slowMs = Infinity, pauseMs = 0 }) {
      stopping = false;
      const delay = new EventLoopDelay();
      const over = [];
      let slow = 0;
      let wrong = 0;
      const read = async (key) => {
        const began = performance.now();
        const value = await subject.service.getOrSet(
          key,
          async () => {
            if (loadMs > 0) await sleep(loadMs);
            return `value of ${key}`;
          },
          policy,
        );
        const waited = performance.now() - began - loadMs;
        over.push(Math.max(0, waited));
        if (waited > slowMs) slow += 1;
        if (value !== `value of ${key}`) wrong += 1;
      };
      const loop = async () => {
        while (!stopping) {
          await read(keys[Math.floor(Math.random() * keys.length)]);
          if (pauseMs > 0) await sleep(pauseMs);
        }
      };
      await Promise.all(Array.from({ length: loops }, loop));
      over.sort((a, b) => a - b);
      return {
        reads: over.length,
        slow,
        wrong,
        p99Ms: over[Math.ceil(over.length * 0.99) - 1],
        longestMs: over.at(-1),
        eventLoop: delay.end(),
      };
    },

    /** Loops that each take one from a counter until they are stopped. */
    async updates({ key, loops, initial }) {
      stopping = false;
      let acknowledged = 0;
      let begun = 0;
      let rejected = 0;
      let longestMs = 0;
      const first = () => {
        begun += 1;
        return initial;
      };
      const loop = async () => {
        while (!stopping) {
          const from = performance.now();
          await subject.service
            .update(key, (left) => left - 1, { initial: first, attempts: 1000 })
            .then(
              () => (acknowledged += 1),
              (error) => {
                rejected += 1;
                note(error);
              },
            );
          longestMs = Math.max(longestMs, performance.now() - from);
          await sleep(Math.random() * 4);
        }
      };
      await Promise.all(Array.from({ length: loops }, loop));
      return { acknowledged, begun, rejected, longestMs, codes };
    },

    /** Takes one, once. */
    count({ key, initial }) {
      return subject.service.update(key, (left) => left - 1, { initial });
    },

    async counter({ key }) {
      return subject.get(key);
    },

    /** Asks for a key, whatever comes of it. */
    async touch({ key }) {
      const began = performance.now();
      await subject.raw.get(key).catch(note);
      return performance.now() - began;
    },

    /** Wins the right to compute a key and never comes back. */
    async seize({ key }) {
      void subject.service.getOrSet(key, () => new Promise(() => undefined));
      while (subject.service.counters.leaseWon === 0) await sleep(1);
    },

    /** Callers that all want one key at once. */
    async want({ key, callers, loadMs, outcome = 'value', policy }) {
      let loads = 0;
      let longestMs = 0;
      const began = performance.now();
      const load = async (context) => {
        loads += 1;
        await sleep(loadMs);
        if (outcome === 'failure') throw new Error('the database is away');
        if (outcome === 'skip') context.skip();
        return outcome === 'undefined' ? undefined : outcome === 'null' ? null : 'value';
      };
      await Promise.all(
        Array.from({ length: callers }, async () => {
          await subject.service.getOrSet(key, load, policy).catch(() => undefined);
          longestMs = Math.max(longestMs, performance.now() - began);
        }),
      );
      return { loads, longestMs };
    },
  };
}
