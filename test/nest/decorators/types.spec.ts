import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CacheBatch,
  CacheDefaults,
  Cacheable,
  CachePut,
  MemcachedModule,
  type MemcachedModuleOptions,
  MemcachedService,
} from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';

class Supplier {
  name!: string;
}

class Product {
  id!: number;
  createdAt!: Date;
  supplier!: Supplier;

  get title(): string {
    return `${this.id} by ${this.supplier.name}`;
  }
}

function product(id: number): Product {
  const supplier = Object.assign(new Supplier(), { name: 'Acme' });
  return Object.assign(new Product(), { id, createdAt: new Date(0), supplier });
}

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const warnings: string[] = [];
const logger = { warn: (message: string) => void warnings.push(message), log() {}, error() {} };

async function boot(
  provider: Type,
  options: MemcachedModuleOptions = {},
  server?: MemcachedServer,
): Promise<{ testing: TestingModule; server: MemcachedServer }> {
  const used = server ?? (await MemcachedServer.start());
  if (server === undefined) opened.push({ [Symbol.asyncDispose]: () => used.close() });
  const testing = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({
        servers: used.address,
        decorators: { unprovided: 'ignore' },
        ...options,
      }),
    ],
    providers: [provider],
  })
    .setLogger(logger)
    .compile();
  opened.push({ [Symbol.asyncDispose]: () => testing.close() });
  await testing.init();
  return { testing, server: used };
}

@Injectable()
class Products {
  ran = 0;

  @Cacheable({ key: 'product:{0}', types: () => [Product, Supplier] })
  async find(id: number): Promise<Product> {
    this.ran += 1;
    return product(id);
  }

  @CacheBatch({ key: 'row:{0}', types: [Product, Supplier] })
  async findMany(ids: readonly number[]): Promise<Product[]> {
    this.ran += 1;
    return ids.map(product);
  }

  @CachePut({ key: 'product:{0}' })
  async rename(id: number): Promise<Product> {
    return product(id);
  }
}

describe('types', () => {
  it('has a hit be an instance of the class, with its relations, dates and getters, as the miss was', async () => {
    const { testing } = await boot(Products);
    const products = testing.get(Products);
    const miss = await products.find(7);
    const hit = await products.find(7);
    expect(products.ran).toBe(1);
    expect(hit).toStrictEqual(miss);
    expect(hit).toBeInstanceOf(Product);
    expect(hit.title).toBe('7 by Acme');
  });

  it('reads instances in a process that has stored none', async () => {
    const first = await boot(Products);
    await first.testing.get(Products).find(7);
    const second = await boot(Products, {}, first.server);
    const products = second.testing.get(Products);
    expect(await products.find(7)).toStrictEqual(product(7));
    expect(products.ran).toBe(0);
  });

  it('counts for many values, and for all that the module stores', async () => {
    const { testing } = await boot(Products);
    const products = testing.get(Products);
    await products.findMany([1, 2]);
    expect(await products.findMany([1, 2])).toStrictEqual([product(1), product(2)]);
    expect(products.ran).toBe(1);
    await products.rename(3);
    expect(await products.find(3)).toStrictEqual(product(3));
    await testing.get(MemcachedService).set('by hand', product(4));
    expect(await testing.get(MemcachedService).get('by hand')).toStrictEqual(product(4));
  });

  it('may be said once for a class', async () => {
    @CacheDefaults({ types: [Product, Supplier] })
    @Injectable()
    class Shelf {
      ran = 0;
      @Cacheable({ key: 'shelf:{0}' })
      async find(id: number): Promise<Product> {
        this.ran += 1;
        return product(id);
      }
    }
    const { testing } = await boot(Shelf);
    await testing.get(Shelf).find(1);
    expect(await testing.get(Shelf).find(1)).toStrictEqual(product(1));
    expect(testing.get(Shelf).ran).toBe(1);
  });

  it('leaves the way that codec.types names to a class', async () => {
    const revive = ({ id }: { id: number }): Product => product(id);
    const { testing } = await boot(Products, {
      codec: { types: { Product: { class: Product, toPlain: ({ id }: Product) => ({ id }), revive } } },
    });
    await testing.get(Products).find(9);
    expect(await testing.get(Products).find(9)).toStrictEqual(product(9));
  });

  it('refuses two classes of one name, what is no class, and a codec that knows none', async () => {
    const Namesake = { Product: class {} }.Product;
    @Injectable()
    class Mistaken {
      @Cacheable({ key: 'a:{0}', types: [Product, Namesake] })
      async find(id: number): Promise<object> {
        return product(id);
      }
      @Cacheable({ key: 'b:{0}', types: ['Product'] as never })
      async other(id: number): Promise<object> {
        return product(id);
      }
    }
    const boots = boot(Mistaken);
    await expect(boots).rejects.toThrow(/Mistaken\.find @Cacheable: .*two classes are called Product/);
    await expect(boots).rejects.toThrow(/Mistaken\.other @Cacheable.*expected a list of classes/);
    await expect(boot(Products, { codec: 'json' })).rejects.toThrow(
      /Products\.find @Cacheable: .*codec 'default' alone/,
    );
  });

  it('is what the warning names about a value that cannot be stored', async () => {
    @Injectable()
    class Plain {
      @Cacheable({ key: 'plain:{0}' })
      async find(id: number): Promise<Product> {
        return product(id);
      }
    }
    const { testing } = await boot(Plain);
    await testing.get(Plain).find(1);
    expect(warnings.filter((line) => line.includes('Plain.find'))).toEqual([
      expect.stringContaining('types: [Product'),
    ]);
  });
});

describe('an option that nobody knows', () => {
  it("is told the decorator's own options first", async () => {
    @Injectable()
    class Wrong {
      @Cacheable({ zzzzzz: 1 } as never)
      async find(id: number): Promise<number> {
        return id;
      }
    }
    await expect(boot(Wrong)).rejects.toThrow(
      /Wrong\.find @Cacheable\.zzzzzz: unknown option; known are name, params/,
    );
  });
});
