/** A test of an application's own under `node:test`, with the testing module: what docs/testing.md says, in plain asserts. */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { after, before, describe, it, mock } from 'node:test';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, MemcachedService } from 'nestjs-memcached';
import { CacheProbe, MemcachedTestingModule } from 'nestjs-memcached/testing';

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

void describe('prices', () => {
  let app: INestApplicationContext;
  let prices: Prices;
  let probe: CacheProbe;

  before(async () => {
    app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'], abortOnError: false });
    [prices, probe] = [app.get(Prices), app.get(CacheProbe)];
  });
  after(() => app.close());

  void it('are loaded once', async () => {
    assert.equal(await prices.find(1), 1);
    assert.equal(await prices.find(7), 700);
    assert.equal(await prices.find(7), 700);
    assert.equal(probe.of('price:7').loads, 1);
    assert.equal(probe.of(/^price:/, { instance: 'default' }).loads, 1);
  });

  void it('are refreshed behind the response', async () => {
    probe.advance('6m');
    await prices.find(7);
    await probe.settled();
    assert.equal(probe.of('price:7').loads, 2);
    assert.equal(probe.of('price:7').stale, 1);
  });

  void it('are found while the time stands still', async () => {
    mock.timers.enable();
    try {
      assert.equal(await prices.find(8), 800);
      assert.equal(await prices.find(8), 800);
      await probe.settled();
      assert.equal(probe.of('price:8').loads, 1);
    } finally {
      mock.timers.reset();
    }
  });

  void it('are found without a server', async () => {
    await probe.servers[0].down();
    assert.equal(await prices.find(7), 700);
    await probe.servers[0].heal();
    assert.ok(app.get(MemcachedService));
  });
});

void describe('an application that ends', () => {
  void it('answers what is under way', async () => {
    const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
    const found = app.get(MemcachedService).get('price:1');
    await app.close();
    assert.equal(await found, 1);
  });
});
