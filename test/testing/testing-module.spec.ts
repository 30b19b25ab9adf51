import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Inject, Injectable, Module, type Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cacheable,
  CacheEvict,
  getMemcachedToken,
  MemcachedHealthIndicator,
  MemcachedModule,
  MemcachedService,
  UnsupportedError,
} from '../../lib/index.js';
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

/** How many listeners keep this process. */
const listeners = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPServerWrap').length;

describe('MemcachedTestingModule', () => {
  const modules: TestingModule[] = [];
  /** Those of the specs before it, in the same process. */
  const before = listeners();

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

  it('lets values with a ttl of more than 30 days expire, and be stored anew', async () => {
    const module = await start();
    const [service, probe] = [module.get(MemcachedService), module.get(CacheProbe)];
    const get = (): Promise<number> => service.getOrSet('key', async () => 1, { ttl: '60d' });
    for (const [days, loads] of [
      [0, 1],
      [59, 1],
      [2, 2],
      [59, 2],
      [2, 3],
    ] as const) {
      probe.advance(`${days}d`);
      for (let round = 0; round < 3; round += 1) await get();
      expect(probe.of('key')).toMatchObject({ loads });
    }
  });

  it('changes no time of day of the servers', async () => {
    const module = await start();
    const [health, probe] = [module.get(MemcachedHealthIndicator), module.get(CacheProbe)];
    probe.advance('1d');
    expect(await health.clusterCheck('cache')).toMatchObject({ cache: { status: 'up' } });
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

  it('counts for each instance, and for the keys of one method together', async () => {
    const module = await Test.createTestingModule({
      imports: [
        MemcachedTestingModule.forRoot(),
        MemcachedModule.forRoot({ name: 'other', servers: '127.0.0.1:1', connectAtStart: false }),
        PricesModule,
      ],
    }).compile();
    modules.push(await module.init());
    const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];
    await prices.find(7);
    await prices.find(8);
    const other = module.get<MemcachedService>(getMemcachedToken('other'));
    await other.getOrSet('price:7', async () => 1);
    expect(probe.of(/^price:/)).toMatchObject({ loads: 3 });
    expect(probe.of(/^price:/, { instance: 'default' })).toMatchObject({ loads: 2 });
    expect(probe.of('price:7', { instance: 'other' })).toMatchObject({ loads: 1 });
    expect(probe.of('price:8', { instance: 'other' }).loads).toBe(0);
  });

  it('counts what a cache tells that names no keys, and does not guess of which', async () => {
    const module = await start({ diagnosticKeys: false });
    const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];
    expect(probe.of('price:7').loads).toBe(0);
    await prices.find(7);
    await prices.find(7);
    expect(probe.total).toMatchObject({ hits: 1, misses: 1, loads: 1 });
    expect(() => probe.of('price:7')).toThrow('diagnosticKeys');
    expect(() => probe.of(/^price/, { instance: 'default' })).toThrow(UnsupportedError);
    expect(probe.of('price:7', { instance: 'other' }).loads).toBe(0);
  });

  it('waits for its own loads, whatever ends that began before it', async () => {
    const earlier = await start();
    const ends: (() => void)[] = [];
    const load = (): Promise<number> => new Promise((resolve) => void ends.push(() => resolve(1)));
    const first = earlier.get(MemcachedService).getOrSet('first', load);
    while (ends.length === 0) await new Promise(setImmediate);
    const module = await start();
    const [service, probe] = [module.get(MemcachedService), module.get(CacheProbe)];
    const second = service.getOrSet('second', load);
    while (ends.length === 1) await new Promise(setImmediate);
    let isSettled = false;
    const settled = probe.settled().then(() => (isSettled = true));
    ends[0]();
    await first;
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(isSettled).toBe(false);
    ends[1]();
    await Promise.all([second, settled]);
  });

  it('waits until what is done behind the responses is done', async () => {
    const module = await start();
    const [service, probe] = [module.get(MemcachedService), module.get(CacheProbe)];
    const policy = { ttl: '1m', grace: '1h' } as const;
    const load = (value: number) => () =>
      new Promise<number>((resolve) => setTimeout(() => resolve(value), 20));
    await service.getOrSet('key', load(1), policy);
    probe.advance('2m');
    probe.servers[0].slow(20);
    expect(await service.getOrSet('key', load(2), policy)).toBe(1);
    await probe.settled();
    expect(probe.of('key')).toMatchObject({ stale: 1, loads: 2 });
    expect(await service.getOrSet('key', load(3), policy)).toBe(2);
    await Promise.all([probe.settled(), probe.settled()]);
  });

  it('has values from the start', async () => {
    const module = await start({ seed: { 'price:7': 1, 'price:8': 2 } });
    const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];
    expect([await prices.find(7), await prices.find(8), await prices.find(9)]).toEqual([1, 2, 900]);
    expect(probe.total).toMatchObject({ hits: 2, loads: 1 });
  });

  it('does not start with values that cannot be stored, and leaves nothing open', async () => {
    const seed = { 'price:7': () => 1, 'price:8': 'x'.repeat(2 ** 21), 'price:9': 1 };
    await expect(start({ seed })).rejects.toThrow(/^seed: "price:7", "price:8" could not be stored/);
    expect(listeners()).toBeLessThanOrEqual(before);
  });

  it.each<[string, MemcachedTestingOptions, Provider[]]>([
    ['an option is wrong', { cache: { ttl: 'nonsense' } } as never, []],
    ['a provider fails', {}, [{ provide: 'database', useFactory: () => Promise.reject(new Error('away')) }]],
  ])('keeps no process that cannot start: %s', async (_name, options, providers) => {
    const imports = [MemcachedTestingModule.forRoot(options)];
    await expect(Test.createTestingModule({ imports, providers }).compile()).rejects.toThrow();
    expect(listeners()).toBeLessThanOrEqual(before);
  });

  it('has its probe wherever it has its cache', async () => {
    @Module({
      providers: [{ provide: 'counts', inject: [CacheProbe], useFactory: (probe: unknown) => probe }],
    })
    class CountsModule {}
    const module = await Test.createTestingModule({
      imports: [MemcachedTestingModule.forRoot(), CountsModule],
    }).compile();
    modules.push(await module.init());
    expect(module.get('counts')).toBe(module.get(CacheProbe));
  });

  it.each([true, false])('ends its servers after its cache: isGlobal %s', async (isGlobal) => {
    const seen: unknown[] = [];
    @Module({})
    class LeaderModule {
      @Inject(MemcachedService) private readonly memcached!: MemcachedService;

      async onApplicationShutdown(): Promise<void> {
        seen.push(await this.memcached.delete('leader'));
      }
    }
    const testing = MemcachedTestingModule.forRoot({ isGlobal, seed: { leader: 1, key: 1 } });
    const module = await Test.createTestingModule({
      imports: [testing, { module: LeaderModule, global: isGlobal, imports: isGlobal ? [] : [testing] }],
    }).compile();
    await module.init();
    const [service, probe] = [module.get(MemcachedService), module.get(CacheProbe)];
    const found = service.get('key');
    await module.close();
    expect(await found).toBe(1);
    expect(seen).toEqual([true]);
    expect(probe.of('leader').invalidations).toBe(1);
  });

  it('ends also with a double in the place of its cache', async () => {
    const module = await Test.createTestingModule({ imports: [MemcachedTestingModule.forRoot()] })
      .overrideProvider(MemcachedService)
      .useValue({ get: () => 1 })
      .compile();
    await module.init();
    const [address] = module.get(CacheProbe).addresses;
    await module.close();
    await expect(fetch(`http://${address}`)).rejects.toThrow('fetch failed');
  });

  it('ends also with a double in the place of its probe', async () => {
    const module = await Test.createTestingModule({ imports: [MemcachedTestingModule.forRoot()] })
      .overrideProvider(CacheProbe)
      .useValue({ addresses: ['127.0.0.1:1'] })
      .compile();
    const errors: unknown[] = [];
    const ignore = (): void => undefined;
    module.useLogger({ log: ignore, warn: ignore, error: (problem) => errors.push(problem) });
    await module.init();
    await module.close();
    expect(errors).toEqual([]);
  });

  it('says of a double in the place of its cache that it takes no seed', async () => {
    const testing = Test.createTestingModule({
      imports: [MemcachedTestingModule.forRoot({ seed: { a: 1 } })],
    })
      .overrideProvider(MemcachedService)
      .useValue({ get: () => 1 });
    await expect(testing.compile()).rejects.toThrow(/^seed: .*double/);
    expect(listeners()).toBeLessThanOrEqual(before);
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
