/** A test of an application's own under vitest, with the testing module: what docs/testing.md says. */
import 'reflect-metadata';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, MemcachedService } from 'nestjs-memcached';
import { CacheProbe, MemcachedTestingModule } from 'nestjs-memcached/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

@Injectable()
class Prices {
  @Cacheable({ key: 'price:{0}' })
  async find(id: number): Promise<number> {
    return id * 100;
  }
}

@Module({
  imports: [MemcachedTestingModule.forRoot({ cache: { ttl: '5m', grace: '1h' }, seed: { 'price:1': 1 } })],
  providers: [Prices],
})
class AppModule {}

describe('prices', () => {
  let app: INestApplicationContext;
  let prices: Prices;
  let probe: CacheProbe;

  beforeAll(async () => {
    app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'], abortOnError: false });
    [prices, probe] = [app.get(Prices), app.get(CacheProbe)];
  });
  afterAll(() => app.close());

  it('are loaded once', async () => {
    expect(await prices.find(1)).toBe(1);
    expect([await prices.find(7), await prices.find(7)]).toEqual([700, 700]);
    expect(probe.of('price:7')).toMatchObject({ loads: 1, hits: 1 });
  });

  it('are refreshed behind the response', async () => {
    probe.advance('6m');
    await prices.find(7);
    await probe.settled();
    expect(probe.of('price:7')).toMatchObject({ loads: 2, stale: 1 });
  });

  it('are found without a server, and where the runner holds the time', async () => {
    vi.useFakeTimers();
    await probe.servers[0].down();
    expect(await prices.find(7)).toBe(700);
    await probe.servers[0].heal();
    vi.useRealTimers();
    expect(app.get(MemcachedService)).toBeInstanceOf(MemcachedService);
  });
});
