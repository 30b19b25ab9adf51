import { describe, expect, it } from '@jest/globals';
import { CacheBatch } from '../../../lib/nest/decorators/cache-batch.decorator.js';
import { Cacheable } from '../../../lib/nest/decorators/cacheable.decorator.js';
import { RecordingCache } from '../support/recording-cache.js';

interface Product {
  readonly id: number;
}

class Products {
  readonly asked: unknown[] = [];

  @CacheBatch({ key: 'product:{0}', idOf: (product: Product) => product.id, ttl: '1m', tags: ['products'] })
  async findMany(ids: readonly number[]): Promise<Product[]> {
    this.asked.push(ids);
    // As a database does: in an order of its own, without what it has not, ids as it stores them.
    return [...ids].toReversed().flatMap((id) => (id > 9 ? [] : [{ id: Number.parseInt(`${id}`, 10) }]));
  }

  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<Product> {
    return { id };
  }

  @CacheBatch({ key: 'name:{1}:{0}' })
  async names(ids: readonly number[], language: string): Promise<(string | undefined)[]> {
    this.asked.push(ids);
    return ids.map((id) => (id > 9 ? undefined : `${language} ${id}`));
  }

  @CacheBatch({ key: 'map:{0}', returns: 'map', when: (ids: readonly number[]) => ids.length < 5 })
  async byId(ids: readonly number[]): Promise<Map<number, string>> {
    this.asked.push(ids);
    return new Map(ids.filter((id) => id < 10).map((id) => [id, `${id}`]));
  }

  @CacheBatch({ key: 'short:{0}' })
  async short(_ids: readonly number[]): Promise<string[]> {
    return [];
  }
}

const setUp = () => {
  const cache = new RecordingCache();
  return { cache, products: cache.attach(new Products()) };
};

describe('@CacheBatch', () => {
  it('asks the method for what is missing only, and returns rows in the order of the ids', async () => {
    const { cache, products } = setUp();
    expect(await products.findMany([2, 1, 10])).toEqual([{ id: 2 }, { id: 1 }]);
    expect(await products.findMany([3, 2, 1, 2])).toEqual([{ id: 3 }, { id: 2 }, { id: 1 }, { id: 2 }]);
    expect(products.asked).toEqual([[2, 1, 10], [3]]);
    expect(cache.policies[0]).toEqual({ ttl: '1m', tags: ['products'] });
  });

  it('does not call the method when nothing is missing, or nothing asked for', async () => {
    const { products } = setUp();
    await products.findMany([1, 2]);
    expect(await products.findMany([2, 1])).toEqual([{ id: 2 }, { id: 1 }]);
    expect(await products.findMany([])).toEqual([]);
    expect(products.asked).toHaveLength(1);
  });

  it('shares its values with the method for one', async () => {
    const { cache, products } = setUp();
    await products.find(1);
    await products.findMany([1, 2]);
    expect(products.asked).toEqual([[2]]);
    await products.find(2);
    expect(cache.log.at(-1)).toBe('hit product:2');
  });

  it('takes ids for the same whether they are text or numbers', async () => {
    const { products } = setUp();
    expect(await products.findMany(['1', '2'] as never)).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('takes lists in the order of the ids, and further arguments into the key', async () => {
    const { cache, products } = setUp();
    expect(await products.names([1, 10, 2], 'de')).toEqual(['de 1', undefined, 'de 2']);
    expect(await products.names([10, 1], 'de')).toEqual([undefined, 'de 1']);
    expect(products.asked).toEqual([[1, 10, 2], [10]]);
    expect([...cache.values.keys()]).toEqual(['name:de:1', 'name:de:2']);
  });

  it('takes maps and returns them', async () => {
    const { products } = setUp();
    await products.byId([1]);
    expect(await products.byId([2, 1, 10])).toEqual(
      new Map([
        [2, '2'],
        [1, '1'],
      ]),
    );
    expect(products.asked).toEqual([[1], [2, 10]]);
    await products.byId([1, 2, 3, 4, 5]);
    expect(products.asked.at(-1)).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes maps by their keys, text and numbers alike, whatever idOf says of a row', async () => {
    class Rows {
      readonly asked: unknown[] = [];

      @CacheBatch({ key: 'row:{0}', idOf: (row: Product | null) => row?.id ?? 0, returns: 'map' })
      async withIdOf(ids: readonly number[]): Promise<Map<number, Product | null>> {
        this.asked.push(ids);
        return new Map(ids.map((id) => [id, id > 9 ? null : { id }]));
      }

      @CacheBatch({ key: 'text:{0}', returns: 'map' })
      async byText(ids: readonly number[]): Promise<Map<string, Product>> {
        this.asked.push(ids);
        return new Map(ids.map((id) => [`${id}`, { id }]));
      }
    }
    const rows = new RecordingCache().attach(new Rows());
    const found = [1, 2, 10].map((id) => [id, id > 9 ? null : { id }] as const);
    for (let round = 0; round < 2; round += 1) {
      expect(await rows.withIdOf([1, 2, 10])).toEqual(new Map(found));
      expect(await rows.byText([1, 2])).toEqual(new Map(found.slice(0, 2)));
    }
    expect(rows.asked).toEqual([
      [1, 2, 10],
      [1, 2],
    ]);
  });

  it('refuses a list that does not say whose its items are', async () => {
    const { products } = setUp();
    await expect(products.short([1, 2])).rejects.toThrow(
      "Products.short @CacheBatch: the method returned 0 items for 2 ids; return one item for each, in their order, or say by 'idOf' whose a row is",
    );
  });

  it('refuses rows that are no list, and leaves to the method what is no list of ids', async () => {
    class Rows {
      @CacheBatch({ key: 'row:{0}', idOf: (row: { id: number }) => row.id })
      async findMany(ids: readonly number[]): Promise<{ id: number }[]> {
        return (ids === undefined ? [{ id: 0 }] : undefined) as { id: number }[];
      }
    }
    const rows = new RecordingCache().attach(new Rows());
    await expect(rows.findMany([1])).rejects.toThrow(
      'Rows.findMany @CacheBatch: the method returned no list for 1 ids; return the rows that there are, an empty list for none',
    );
    await expect(rows.findMany(undefined as never)).resolves.toEqual([{ id: 0 }]);
  });

  it('refuses a key that all ids would share', async () => {
    class Wrong {
      @CacheBatch({ key: 'product:{1}' })
      async findMany(_ids: readonly number[], _language: string): Promise<string[]> {
        return [];
      }
    }
    await expect(new RecordingCache().attach(new Wrong()).findMany([1], 'de')).rejects.toThrow(
      "Wrong.findMany @CacheBatch: key 'product:{1}' does not hold the id, {0}, so that all ids would share one value",
    );
  });
});
