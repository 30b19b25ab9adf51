import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Cacheable, CacheEvict, getMemcachedToken, MemcachedService } from '../../lib/index.js';
import { CacheProbe, MemcachedTestingModule, type MemcachedTestingOptions } from '../../lib/testing/index.js';

@Injectable()
class Prices {
  asked = 0;

  @Cacheable({ key: 'price:{0}', ttl: '5m' })
  async find(id: number): Promise<number> {
    this.asked += 1;
    return id * 100;
  }

  @CacheEvict({ key: 'price:{0}' })
  async change(_id: number): Promise<void> {}
}

@Module({ providers: [Prices], exports: [Prices] })
class PricesModule {}

describe('MemcachedTestingModule', () => {
  const modules: TestingModule[] = [];

  const start = async (options?: MemcachedTestingOptions): Promise<TestingModule> => {
    const module = await Test.createTestingModule({
      imports: [MemcachedTestingModule.forRoot(options), PricesModule],
    }).compile();
    modules.push(await module.init());
    return module;
  };

  afterEach(async () => {
    jest.useRealTimers();
    await Promise.all(modules.splice(0).map((module) => module.close()));
  });

  it('caches, and tells what became of each key', async () => {
    const module = await start();
    const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];
    await prices.find(7);
    await prices.find(7);
    await prices.find(8);
    expect(probe.of('price:7')).toEqual({
      hits: 1,
      misses: 1,
      stale: 0,
      loads: 1,
      failures: 0,
      invalidations: 0,
    });
    await prices.change(7);
    expect(probe.of('price:7')).toMatchObject({ loads: 1, invalidations: 1 });
    expect(probe.of('price:9').loads).toBe(0);
    expect(probe.total).toMatchObject({ hits: 1, loads: 2 });
    probe.reset();
    await prices.find(8);
    expect(probe.total).toMatchObject({ hits: 1, misses: 0, loads: 0 });
  });

  it('lets values expire when its clock is turned forward, also under fake timers', async () => {
    const module = await start();
    const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];
    await prices.find(7);
    probe.advance('4m');
    await prices.find(7);
    expect(prices.asked).toBe(1);
    jest.useFakeTimers();
    probe.advance('1m');
    await prices.find(7);
    expect(prices.asked).toBe(2);
    expect(() => probe.advance('soon' as never)).toThrow('advance');
  });

  it('lets servers fail in every way, and none of it reaches a caller', async () => {
    const module = await start({ servers: 2, commandTimeout: 50, failuresToDown: 1 });
    const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];
    const isUp = (): boolean =>
      module
        .get(MemcachedService)
        .topology()
        .every(({ state }) => state === 'up');
    await prices.find(1);
    for (const server of probe.servers) {
      const faults: (() => void | Promise<void>)[] = [
        () => server.stall(),
        () => server.cut(),
        () => server.garble(() => 0.5),
        () => server.refuse(),
        () => server.down(),
        () => server.drip(),
        () => server.slow(20),
      ];
      for (const fault of faults) {
        await fault();
        for (let id = 1; id < 9; id += 1) expect(await prices.find(id)).toBe(id * 100);
        await server.heal();
        while (!isUp()) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  });

  it('stands apart from others of the same process, and ends with its module', async () => {
    const [one, other] = [await start(), await start()];
    await one.get(MemcachedService).set('key', 1);
    expect(await other.get(MemcachedService).get('key')).toBeUndefined();
    const [address] = one.get(CacheProbe).addresses;
    expect(other.get(CacheProbe).addresses).not.toContain(address);
    await modules.splice(0, 1)[0].close();
    await expect(fetch(`http://${address}`)).rejects.toThrow('fetch failed');
    expect(await other.get(MemcachedService).set('key', 2)).toBe(true);
  });

  it('takes the options of the module, and a name', async () => {
    const module = await Test.createTestingModule({
      imports: [MemcachedTestingModule.forRoot({ name: 'prices', keyPrefix: 'test:' })],
    }).compile();
    modules.push(await module.init());
    const service = module.get<MemcachedService>(getMemcachedToken('prices'));
    await service.set('key', 1);
    const keys: string[] = [];
    for await (const key of service.client.keys()) keys.push(key);
    expect(keys).toEqual(['key']);
    await expect(CacheProbe.start(0)).rejects.toThrow('at least 1');
  });
});
