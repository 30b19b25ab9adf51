import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cacheable,
  CacheDefaults,
  CachePut,
  type MemcachedCacheOptions,
  CasUpdate,
  Current,
  MemcachedModule,
  MemcachedService,
} from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';

let server: MemcachedServer;
let testing: TestingModule;
afterEach(async () => {
  await testing.close();
  await server.close();
});

const warnings: string[] = [];
const logger = { warn: (message: string) => void warnings.push(message), log() {}, error() {} };

async function boot(cache: MemcachedCacheOptions, ...providers: Provider[]): Promise<TestingModule> {
  warnings.length = 0;
  server = await MemcachedServer.start();
  testing = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({ servers: server.address, cache, decorators: { unprovided: 'ignore' } }),
    ],
    providers,
  })
    .setLogger(logger)
    .compile();
  return testing.init().then(() => testing);
}

const secondsLeft = async (key: string): Promise<number> => {
  const found = await testing.get(MemcachedService).lookup(key);
  return found.hit ? Math.ceil((found.ttl as number) / 1000) : NaN;
};

describe('what @CasUpdate stores anew', () => {
  abstract class Counted {
    ran = 0;
    protected load(): number {
      this.ran += 1;
      return 500;
    }
  }

  @Injectable()
  class Stock extends Counted {
    @Cacheable({ key: 'stock:{0}' })
    async left(_id: number): Promise<number> {
      return this.load();
    }

    @CasUpdate({ key: 'stock:{0}', initial: 900 })
    async take(_id: number, @Current() left: number): Promise<number> {
      return left - 1;
    }
  }

  const expectKept = async (stock: Stock): Promise<void> => {
    for (const left of [899, 898]) {
      expect(await stock.take(7, 0)).toBe(left);
      expect(await stock.left(7)).toBe(left);
    }
    expect(stock.ran).toBe(0);
  };

  it("bears the tags of the module's cache, which its reader looks for", async () => {
    const stock = (await boot({ tags: ['catalogue'] }, Stock)).get(Stock);
    await expectKept(stock);
    await testing.get(MemcachedService).invalidateTags('catalogue');
    expect(await stock.left(7)).toBe(500);
  });

  it('lives for the ttl of its class, and is kept for its grace; what replaces it, for what is left', async () => {
    @CacheDefaults({ ttl: '10m', grace: '1h' })
    class Graceful extends Stock {}
    await expectKept((await boot({}, Graceful)).get(Graceful));
    expect(await secondsLeft('stock:7')).toBeGreaterThan(4190);
    await testing.get(Graceful).take(8, 0);
    await testing.get(MemcachedService).touch('stock:8', '2h');
    await testing.get(Graceful).take(8, 0);
    expect(await secondsLeft('stock:8')).toBeGreaterThan(7190);
  });

  it('is kept as long as its reader keeps stale values', async () => {
    @Injectable()
    class Reader {
      ran = 0;

      @Cacheable({ key: 'stock:{0}', grace: '1h' })
      async left(_id: number): Promise<number> {
        this.ran += 1;
        return 500;
      }
    }
    @Injectable()
    class Writers {
      @CasUpdate({ key: 'stock:{0}', initial: 900 })
      async take(_id: number, @Current() left: number): Promise<number> {
        return left - 1;
      }

      @CachePut({ key: 'stock:{0}' })
      async put(_id: number, left: number): Promise<number> {
        return left;
      }
    }
    await boot({}, Reader, Writers);
    const [reader, writers] = [testing.get(Reader), testing.get(Writers)];
    await writers.take(7, 0);
    await writers.put(8, 3);
    expect([await reader.left(7), await reader.left(8)]).toEqual([899, 3]);
    expect(reader.ran).toBe(0);
    expect(await secondsLeft('stock:8')).toBeGreaterThan(3890);
  });

  it('keeps the grace that is written there', async () => {
    @Injectable()
    class Own {
      @Cacheable({ key: 'stock:{0}', grace: '1h' })
      async left(_id: number): Promise<number> {
        return 500;
      }

      @CasUpdate({ key: 'stock:{0}', initial: 900, grace: '2h' })
      async take(_id: number, @Current() left: number): Promise<number> {
        return left - 1;
      }

      @CachePut({ key: 'stock:{0}', grace: '2h' })
      async put(_id: number, left: number): Promise<number> {
        return left;
      }
    }
    const own = (await boot({}, Own)).get(Own);
    await own.take(7, 0);
    await own.put(8, 3);
    expect(await secondsLeft('stock:7')).toBeGreaterThan(7490);
    expect(await secondsLeft('stock:8')).toBeGreaterThan(7490);
  });
});

describe('@CacheDefaults', () => {
  it('has no tags: those of a reader are what its writers are asked for', async () => {
    @CacheDefaults({ tags: ['stocks'] } as object)
    class Tagged {
      @Cacheable({ key: 'stock:{0}' })
      async left(_id: number): Promise<number> {
        return 500;
      }
    }
    await expect(boot({}, Tagged)).rejects.toThrow('Tagged @CacheDefaults.tags: unknown option');
  });
});

describe('a writer', () => {
  const stockKey = (id: number): unknown[] => ['stock', id];

  it('whose key is made by the function of its reader gives its tags', async () => {
    @Injectable()
    class ByFunction {
      @Cacheable({ key: stockKey, tags: ['stocks'] })
      async left(_id: number): Promise<number> {
        return 500;
      }

      @CasUpdate({ key: stockKey, initial: 900 })
      async take(_id: number, @Current() left: number): Promise<number> {
        return left - 1;
      }
    }
    const stock = (await boot({}, ByFunction)).get(ByFunction);
    await stock.take(7, 0);
    expect(await stock.left(7)).toBe(899);
    await testing.get(MemcachedService).invalidateTags('stocks');
    expect(await stock.left(7)).toBe(500);
    expect(warnings).toEqual([]);
  });

  it('is refused where such a reader has a tag of its arguments, which nobody sees in the key', async () => {
    @Injectable()
    class ByFunction {
      @Cacheable({ key: stockKey, tags: ['stock-of:{0}'] })
      async left(_id: number): Promise<number> {
        return 500;
      }

      @CasUpdate({ key: stockKey, initial: 900 })
      async take(_id: number, @Current() left: number): Promise<number> {
        return left - 1;
      }
    }
    await expect(boot({}, ByFunction)).rejects.toThrow(
      "ByFunction.take @CasUpdate: ByFunction.left @Cacheable reads what is stored here and wants it to bear its tag 'stock-of:{0}'",
    );
  });

  it('whose key is one of those that a template makes gives its tags, filled with what is written', async () => {
    @Injectable()
    class Counters {
      @Cacheable({ key: 'counter:{0}:{1}', tags: ['counters', 'counter-of:{1}:{0}'] })
      async read(_name: string, _shop: string): Promise<number> {
        return 0;
      }

      @CasUpdate({ key: 'counter:visits:of-{0}' })
      async visit(_shop: string, @Current() visits = 0): Promise<number> {
        return visits + 1;
      }
    }
    const counters = (await boot({}, Counters)).get(Counters);
    const memcached = testing.get(MemcachedService);
    for (const tag of ['counters', 'counter-of:of-acme:visits']) {
      await counters.visit('acme');
      expect(await counters.read('visits', 'of-acme')).toBe(1);
      await memcached.invalidateTags(tag);
      expect(await memcached.get('counter:visits:of-acme')).toBeUndefined();
    }
  });

  it('is not taken for one that a template means among others where another reader means it alone', async () => {
    @Injectable()
    class Products {
      @Cacheable({ key: 'product:{0}', tags: ['products'], sharedKey: true })
      async find(_id: string): Promise<number> {
        return 0;
      }

      @Cacheable({ key: 'product:total', tags: ['totals'], sharedKey: true })
      async total(): Promise<number> {
        return 0;
      }

      @CasUpdate({ key: 'product:total' })
      async count(@Current() total = 0): Promise<number> {
        return total + 1;
      }
    }
    const products = (await boot({}, Products)).get(Products);
    await products.count();
    await testing.get(MemcachedService).invalidateTags('products');
    expect(await products.total()).toBe(1);
    await testing.get(MemcachedService).invalidateTags('totals');
    expect(await products.total()).toBe(0);
  });

  it('of which nobody knows whether a reader with tags reads it is named in the log, unless it says of its tags', async () => {
    @Injectable()
    class Doubtful {
      @Cacheable({ key: 'stock:{0}', tags: ['stocks'] })
      async left(_id: number): Promise<number> {
        return 500;
      }

      @CasUpdate({ key: (id: number) => `stock:${id}` })
      async take(_id: number, @Current() left = 900): Promise<number> {
        return left - 1;
      }

      @CasUpdate({ key: (id: number) => `price:${id}`, tags: [] })
      async raise(_id: number, @Current() price = 0): Promise<number> {
        return price + 1;
      }

      @CasUpdate({ key: 'count:{0}' })
      async count(_id: number, @Current() count = 0): Promise<number> {
        return count + 1;
      }
    }
    @Injectable()
    class Total {
      @CasUpdate({ key: 'left:total' })
      async count(@Current() total = 0): Promise<number> {
        return total + 1;
      }

      @Cacheable({ key: 'left:{0}', tags: ['shop:{1}'] })
      async left(_id: string, _shop: string): Promise<number> {
        return 500;
      }
    }
    await boot({}, Doubtful, Total);
    const doubt = (writer: string, reader: string): string =>
      `${writer} @CasUpdate: ${reader} @Cacheable may read what is stored here, which the keys do not tell; it takes what lacks its ` +
      "tags for nothing, and loads over it: name them in 'tags' here, too, or say 'tags: []'";
    expect(warnings).toEqual([doubt('Doubtful.take', 'Doubtful.left'), doubt('Total.count', 'Total.left')]);
  });
});
