import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopDelay } from '../proof/event-loop.mjs';

/** What clients of this process have tried to connect to. */
let attempts = 0;
channel('net.client.socket').subscribe(() => {
  attempts += 1;
});

/** Clients of a fleet, several in one process: each has its connections, its ring and its cache for itself. */
export function operations({ MemcachedService }) {
  const services = [];
  let asking = true;
  /** Each client asks for a key now and then, as long as it is left to. */
  const ask = async (service, pauseMs) => {
    while (asking) {
      await service.client.get(`asked:${Math.floor(Math.random() * 100_000)}`).catch(() => undefined);
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  };
  const each = (work) => Promise.all(services.map(work));

  return {
    /** @returns what the process takes before and after, in bytes. */
    async open({ servers, count }) {
      globalThis.gc();
      const before = process.memoryUsage().rss;
      for (let index = 0; index < count; index += 1) {
        services.push(new MemcachedService({ servers, commandTimeout: '5s', connectTimeout: '5s' }));
      }
      await each((service) => service.client.version());
      globalThis.gc();
      return { before, after: process.memoryUsage().rss };
    },
    /** Every client asks for random keys, one after another. */
    traffic({ pauseMs }) {
      asking = true;
      for (const service of services) void ask(service, pauseMs);
    },
    async quiet() {
      asking = false;
      await sleep(200);
    },
    attempts() {
      const seen = attempts;
      attempts = 0;
      return seen;
    },
    /** Until every client has every server again. @returns how long it took, in ms. */
    async reached() {
      const begun = performance.now();
      const isUp = ({ state }) => state === 'up';
      await each(async ({ client }) => {
        while (!client.topology().every(isUp)) await sleep(20);
      });
      return performance.now() - begun;
    },
    /** All clients want the same keys at once. @returns how often each was computed here. */
    async load({ keys, loadMs, run }) {
      let loads = 0;
      const delay = new EventLoopDelay();
      await each((service) =>
        Promise.all(
          Array.from({ length: keys }, (_, index) =>
            service.getOrSet(
              `cold:${run}:${index}`,
              async () => {
                loads += 1;
                await sleep(loadMs);
                return index;
              },
              { ttl: '5m' },
            ),
          ),
        ),
      );
      return { loads, ...delay.end() };
    },
    /** Each client invalidates keys of one server, which is away. */
    async invalidate({ server, count }) {
      const owed = await each(async (service, client) => {
        let left = count;
        for (let index = 0; left > 0; index += 1) {
          const key = `owed:${process.pid}:${client}:${index}`;
          if (service.client.serverFor(key) !== server) continue;
          await service.invalidate(key);
          left -= 1;
        }
        return service.topology().reduce((sum, { owed: of }) => sum + of, 0);
      });
      return owed.reduce((sum, of) => sum + of, 0);
    },
    /** Until nobody owes anything. @returns how long it took, in ms. */
    async paid() {
      const begun = performance.now();
      while (services.some((service) => service.topology().some(({ owed }) => owed > 0))) await sleep(10);
      return performance.now() - begun;
    },
    close: () => each((service) => service.client.close()),
  };
}
