/**
 * An application with `@nestjs/cache-manager` as its documentation shows it, on the store of this package: on Nest 12 with
 * Keyv 6 installed, which is what npm brings, and on Nest 11 with Keyv 5.
 */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { CACHE_MANAGER, type Cache, CacheInterceptor, CacheModule, CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, Inject, Injectable, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { MemcachedModule, MemcachedService } from 'nestjs-memcached';
import { createCacheManagerStore, createKeyvStore } from 'nestjs-memcached/keyv';
import { MemcachedServer } from 'nestjs-memcached/testing';

@Injectable()
class Rates {
  loads = 0;

  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  find(currency: string): Promise<{ currency: string; at: Date }> {
    return this.cache.wrap(currency, async () => {
      this.loads += 1;
      return { currency, at: new Date(0) };
    });
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class RatesController {
  constructor(private readonly rates: Rates) {}

  @Get('rates/:currency')
  @CacheTTL(60_000)
  find(@Param('currency') currency: string) {
    return this.rates.find(currency);
  }
}

async function main(): Promise<void> {
  const server = await MemcachedServer.start();

  @Module({
    imports: [
      MemcachedModule.forRoot({ isGlobal: true, servers: server.address }),
      CacheModule.registerAsync({
        inject: [MemcachedService],
        useFactory: (memcached: MemcachedService) => ({
          stores: [createCacheManagerStore(memcached)],
          ttl: 60_000,
        }),
      }),
    ],
    controllers: [RatesController],
    providers: [Rates],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/rates/eur`;
  const [first, second] = [await fetch(url), await fetch(url)];
  assert.deepEqual(await second.json(), await first.json());
  assert.equal(second.headers.get('x-cache'), 'HIT');

  const rates = app.get(Rates);
  for (let call = 0; call < 3; call += 1) {
    assert.deepEqual(await rates.find('usd'), { currency: 'usd', at: new Date(0) });
  }
  assert.equal(rates.loads, 2, 'wrap hits');

  const memcached = app.get(MemcachedService);
  const cache = createCache({ stores: [createCacheManagerStore(memcached, { namespace: 'bare' })] });
  await cache.set('a', 1, 60_000);
  assert.ok(Number(await cache.ttl('a')) > Date.now(), 'the ttl is told');

  const version = process.env.EXPECTED_KEYV;
  const keyv =
    version === '5'
      ? new Keyv({ store: createKeyvStore(memcached, { keyv: 5 }), namespace: 'consumer' })
      : new Keyv({ store: createKeyvStore(memcached), namespace: 'consumer' });
  await keyv.set('a', { b: 1 }, 60_000);
  assert.deepEqual(await keyv.get('a'), { b: 1 });
  await keyv.clear();
  assert.equal(await keyv.get('a'), undefined);
  assert.equal(await cache.get('a'), 1, 'and other namespaces are left alone');

  await app.close();
  await server.close();
  console.log(`cache-manager, and Keyv ${version}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
