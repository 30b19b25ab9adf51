import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as pause } from 'node:timers/promises';
import { MemcachedModule, MemcachedService } from '../../dist/index.js';
import { MemcachedDashboardModule } from '../../dist/dashboard/index.js';

/** Between two rounds of what its visitors do. */
const ROUND_MS = 40;

/** Guards have a class, or are objects such as this one. */
const everybody = { canActivate: () => true };

/** So long as this is not seen on the page, no value is. */
const SECRET = 'a-value-that-nobody-shall-see';

/**
 * Starts an application with the dashboard, on three servers with weights 1, 2 and 1, and visitors who keep its cache busy.
 *
 * @param {string[]} addresses
 */
export async function startApplication(addresses) {
  const servers = addresses.map((address, index) => `${address}=${index === 1 ? 2 : 1}`).join(',');
  class ApplicationModule {}
  Module({
    imports: [
      MemcachedModule.forRoot({ isGlobal: true, servers, keyPrefix: 'shop:' }),
      MemcachedModule.forRoot({ name: 'sessions', servers: addresses[0], keyPrefix: 'sessions:' }),
      MemcachedModule.forRoot({
        name: 'unfound',
        discovery: {
          type: 'function',
          find: () => {
            throw new Error('no list');
          },
        },
        commandTimeout: '200ms',
        connectAtStart: false,
      }),
      MemcachedDashboardModule.forRoot({
        path: 'memcached',
        guards: [everybody],
        evict: true,
        interval: '500ms',
      }),
    ],
  })(ApplicationModule);
  const app = await NestFactory.create(ApplicationModule, { logger: ['error'] });
  app.setGlobalPrefix('api');
  await app.listen(0, '127.0.0.1');
  const memcached = app.get(MemcachedService);
  const guests = visitors(memcached);
  let closing;
  return {
    url: `${await app.getUrl()}/api/memcached`,
    secret: SECRET,
    serverFor: (key) => memcached.serverFor(key),
    loadsOf: (key) => guests.loads.get(key) ?? 0,
    /** Invalidates a key of a server. */
    async invalidate(server) {
      const key = Array.from({ length: 1000 }, (_, index) => `owed:${index}`).find(
        (each) => memcached.serverFor(each) === server,
      );
      await memcached.invalidate(key);
    },
    close: () =>
      (closing ??= (async () => {
        await guests.stop();
        await app.close();
      })()),
  };
}

/** They read products, carts and reports, some more often than others, and now and then change one. */
function visitors(memcached) {
  const loads = new Map();
  let isOver = false;
  const read = (key, ttl, loadMs) => {
    const load = async () => {
      loads.set(key, (loads.get(key) ?? 0) + 1);
      await pause(loadMs * (0.5 + Math.random()));
      return { key, text: SECRET.repeat(5 + Math.floor(Math.random() * 60)) };
    };
    return memcached.getOrSet(key, load, { ttl });
  };
  const work = async () => {
    for (let round = 1; !isOver; round += 1) {
      await Promise.all([
        ...Array.from({ length: 12 }, () => read(`product:${skewed(300)}`, '10m', 2)),
        ...Array.from({ length: 5 }, () => read(`cart:${skewed(400)}`, '5m', 4)),
        read(`report:${round % 7}`, '2s', 80),
        read(`search:${skewed(2000)}`, '1m', 15),
        read('product:7', '10m', 2),
        read('evictable', '10m', 2),
        round % 12 === 0 ? memcached.invalidate(`product:${skewed(300)}`) : undefined,
        pause(ROUND_MS),
      ]);
    }
  };
  const working = work();
  return {
    loads,
    stop: async () => {
      isOver = true;
      await working;
    },
  };
}

/** A number below `count`, small ones more often. */
function skewed(count) {
  return Math.floor(count * Math.random() ** 2.5);
}
