import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CACHE_MANAGER, CacheInterceptor, CacheKey, CacheModule, CacheTTL } from '@nestjs/cache-manager';
import { CacheableMemory } from '@cacheable/memory';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  Param,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Cache, createCache } from 'cache-manager';
import { randomUUID } from 'node:crypto';
import { Keyv as Keyv5 } from 'keyv-5';
import request from 'supertest';
import { createCacheManagerStore, createKeyvStore } from '../../lib/adapters/keyv.js';
import { MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { inEveryPlace, until } from './support/places.js';

inEveryPlace('the store for cache-manager', (place) => {
  const store = (namespace = randomUUID()) => createCacheManagerStore(place.service, { namespace });
  const cached = (options: object = {}): Cache => createCache({ stores: [store()], ...options });

  it('loads once in wrap, null as well, and gives back what was loaded', async () => {
    const cache = cached({ ttl: 60_000 });
    const load = jest.fn(async () => null);
    for (let call = 0; call < 3; call += 1) expect(await cache.wrap('null', load)).toBeNull();
    expect(load).toHaveBeenCalledTimes(1);

    const value = { at: new Date(7), by: new Map([['a', 1n]]), list: [undefined, 'text'] };
    const loadValue = jest.fn(async () => value);
    for (let call = 0; call < 3; call += 1) expect(await cache.wrap('value', loadValue)).toStrictEqual(value);
    expect(loadValue).toHaveBeenCalledTimes(1);
  });

  it('tells when a value ends', async () => {
    const cache = cached();
    const begun = Date.now();
    await cache.set('a', 1, 60_000);
    const ends = await cache.ttl('a');
    expect(ends).toBeGreaterThanOrEqual(begun + 60_000);
    expect(ends).toBeLessThanOrEqual(Date.now() + 60_000);
    await cache.set('b', 1);
    expect([await cache.ttl('b'), await cache.ttl('none')]).toEqual([undefined, undefined]);
    expect(await cache.wrap('a', () => 2, { raw: true, ttl: 1 } as never)).toEqual({
      value: 1,
      expires: ends,
    });
  });

  it('sets, gets and deletes many', async () => {
    const cache = cached();
    await cache.mset([
      { key: 'a', value: [1], ttl: 60_000 },
      { key: 'b', value: [new Date(2)] },
    ]);
    expect(await cache.mget(['b', 'none', 'a'])).toStrictEqual([[new Date(2)], undefined, [1]]);
    expect(await cache.mdel(['a', 'b'])).toBe(true);
    expect(await cache.mget(['a', 'b'])).toEqual([undefined, undefined]);
  });

  it('lets values end by their own ttl, by the default of cache-manager, and by its own', async () => {
    const cache = createCache({ stores: [store()], ttl: 300 });
    await cache.set('default', 1);
    await cache.set('own', 1, 60_000);
    await until(async () => (await cache.get('default')) === undefined);
    expect(await cache.get('own')).toBe(1);

    const bounded = createCacheManagerStore(place.service, { namespace: randomUUID(), ttl: '1m' });
    await bounded.set('a', 1);
    expect((await bounded.get('a', { raw: true }))?.expires).toBeGreaterThan(Date.now() + 59_000);
    await bounded.set('b', 1, 0);
    expect(await bounded.get('b', { raw: true })).toEqual({ value: 1, expires: undefined });
  });

  it.each([20 * 365 * 86_400_000, Number.POSITIVE_INFINITY])(
    'takes a ttl that ends after memcached can count, or never: %d',
    async (ttl) => {
      const cache = cached();
      expect(await cache.wrap('a', async () => 'loaded', ttl)).toBe('loaded');
      expect(await cache.wrap('a', async () => 'again', ttl)).toBe('loaded');
    },
  );

  it('refreshes behind the answer when a value is about to end', async () => {
    const cache = cached({ ttl: 60_000, refreshThreshold: 61_000 });
    let loads = 0;
    const load = async () => (loads += 1);
    expect(await cache.wrap('a', load)).toBe(1);
    expect(await cache.wrap('a', load)).toBe(1);
    await until(async () => (await cache.get('a')) === 2);
  });

  it('clears its namespace and no other', async () => {
    const [one, other] = [cached(), cached()];
    await one.set('a', 1);
    await other.set('a', 2);
    await one.clear();
    expect([await one.get('a'), await other.get('a')]).toEqual([undefined, 2]);
  });

  it('stands behind a store in memory', async () => {
    const namespace = randomUUID();
    const layered = (): Cache =>
      createCache({ stores: [new Keyv5({ store: new CacheableMemory() }), store(namespace)], ttl: 60_000 });
    const [here, elsewhere] = [layered(), layered()];
    const load = jest.fn(async () => 'loaded');
    expect(await here.wrap('a', load)).toBe('loaded');
    expect(await elsewhere.wrap('a', load)).toBe('loaded');
    expect(await elsewhere.stores[0].get('a')).toBe('loaded');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('answers without blocking', async () => {
    const cache = cached({ nonBlocking: true, ttl: 60_000 });
    await cache.set('a', 1);
    await until(async () => (await cache.get('a')) === 1);
    expect(await cache.mget(['a', 'b'])).toEqual([1, undefined]);
    await cache.del('a');
    await until(async () => (await cache.get('a')) === undefined);
  });

  it('has the rest of a Keyv 5', async () => {
    const items = store();
    expect(await items.setMany([{ key: 'a', value: 1 }])).toEqual([true]);
    expect(await items.get(['a', 'b'])).toEqual([1, undefined]);
    expect(await items.get(['a'], { raw: true })).toEqual([{ value: 1, expires: undefined }]);
    expect([await items.has('a'), await items.has(['a', 'b'])]).toEqual([true, [true, false]]);
    const entries: unknown[] = [];
    for await (const entry of items.iterator()) entries.push(entry);
    expect(entries).toEqual([['a', 1]]);
    expect(await items.delete(['a', 'b'])).toBe(false);
    expect(await items.delete('a')).toBe(false);
  });
});

describeReal('what the stores send', () => {
  it('is one request to clear a namespace, and one for many keys that are read', async () => {
    await using server = await startMemcached({ args: ['-vv'] });
    await using service = new MemcachedService({ servers: server.address });
    /** The commands that the server writes down while something is done, without keys. */
    const sent = async (work: () => Promise<unknown>): Promise<string[]> => {
      const mark = randomUUID();
      await service.client.get(`begin-${mark}`);
      await work();
      await service.client.get(`end-${mark}`);
      await until(() => server.stderr.includes(`end-${mark}`));
      const between = server.stderr.split(`begin-${mark}`).at(-1)!.split(`end-${mark}`)[0];
      return [...between.matchAll(/^<\d+ (\w+)/gm)].map(([, command]) => command).slice(0, -1);
    };
    const items = createKeyvStore(service);
    items.namespace = 'counted';
    const keys = Array.from({ length: 20 }, (_, each) => `k${each}`);
    await items.set('first', 1);
    expect(await sent(() => items.set('first', 2))).toEqual(['mg', 'ms']);
    const set = await sent(() => items.setMany(keys.map((key) => ({ key, value: 1 }))));
    expect(set.toSorted()).toEqual(['mg', ...keys.map(() => 'ms')]);
    expect(await sent(() => items.getMany(keys))).toEqual(['mg', 'get']);
    expect(await sent(() => items.hasMany(keys))).toEqual(['mg', 'get']);
    expect(await sent(() => items.get('k1'))).toEqual(['mg', 'mg']);
    // Beside it, and not again within a second, the question whether there are near caches to be told.
    expect(await sent(() => items.clear())).toEqual(['md', 'mg']);
  });
});

describe('the stores without a server', () => {
  it('fail nobody: reads miss, writes say so, and wrap loads', async () => {
    const server = await MemcachedServer.start();
    await using service = new MemcachedService({ servers: server.address });
    const cache = createCache({ stores: [createCacheManagerStore(service)], ttl: 60_000 });
    const keyv = createKeyvStore(service);
    await cache.set('a', 1);
    await server.close();
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.wrap('a', async () => 2)).toBe(2);
    expect(await cache.mget(['a', 'b'])).toEqual([undefined, undefined]);
    await cache.del('a');
    await cache.clear();
    expect(await keyv.set('a', 1)).toBe(false);
    expect(await keyv.setMany([{ key: 'a', value: 1 }])).toEqual([false]);
    expect(await keyv.deleteMany(['a'])).toEqual([false]);
    expect(await keyv.has('a')).toBe(false);
    await keyv.clear();
  });
});

@Injectable()
class Rates {
  loads = 0;

  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  rate(currency: string): Promise<{ currency: string; at: Date }> {
    return this.cache.wrap(`rate:${currency}`, async () => {
      this.loads += 1;
      return { currency, at: new Date(this.loads) };
    });
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class RatesController {
  handled = 0;

  constructor(private readonly rates: Rates) {}

  @Get('rates/:currency')
  @CacheTTL(60_000)
  find(@Param('currency') currency: string) {
    this.handled += 1;
    return this.rates.rate(currency);
  }

  @Get('named/:any')
  @CacheKey('one key for all')
  named(@Param('any') any: string) {
    return { any };
  }

  @Get('short')
  @CacheTTL(300)
  short() {
    this.handled += 1;
    return { handled: this.handled };
  }
}

describe('CacheModule of @nestjs/cache-manager', () => {
  let server: MemcachedServer;
  const apps: INestApplication[] = [];

  const start = async (): Promise<INestApplication> => {
    const module = await Test.createTestingModule({
      imports: [
        MemcachedModule.forRoot({ isGlobal: true, servers: server.address }),
        CacheModule.registerAsync({
          isGlobal: true,
          inject: [MemcachedService],
          useFactory: (memcached: MemcachedService) => ({
            stores: createCacheManagerStore(memcached),
            ttl: 60_000,
          }),
        }),
      ],
      controllers: [RatesController],
      providers: [Rates],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    apps.push(await app.init());
    return app;
  };

  beforeAll(async () => {
    server = await MemcachedServer.start();
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await server.close();
  });

  it('caches answers, keys, ttls and wrap for all processes, and clears them', async () => {
    const [here, elsewhere] = [await start(), await start()];
    const get = (app: INestApplication, path: string) => request(app.getHttpServer() as never).get(path);

    const first = await get(here, '/rates/eur').expect('X-Cache', 'MISS');
    const second = await get(elsewhere, '/rates/eur').expect('X-Cache', 'HIT');
    expect(second.body).toEqual(first.body);
    expect(elsewhere.get(RatesController).handled).toBe(0);

    const rate = await elsewhere.get(Rates).rate('eur');
    expect([rate, elsewhere.get(Rates).loads]).toStrictEqual([{ currency: 'eur', at: new Date(1) }, 0]);

    await get(here, '/named/a').expect({ any: 'a' });
    await get(elsewhere, '/named/b').expect({ any: 'a' });

    await get(here, '/short').expect({ handled: 2 });
    await until(async () => (await get(here, '/short')).body.handled > 2);

    await elsewhere.get<Cache>(CACHE_MANAGER).clear();
    await get(here, '/rates/eur').expect('X-Cache', 'MISS');
  });

  it('closes a store of its own with the application', async () => {
    const store = createCacheManagerStore({ servers: server.address });
    const app = await Test.createTestingModule({
      imports: [CacheModule.register({ stores: store })],
    }).compile();
    await app.get<Cache>(CACHE_MANAGER).set('a', 1);
    await app.close();
    await expect(store.get('a')).rejects.toThrow('closed');
  });
});
