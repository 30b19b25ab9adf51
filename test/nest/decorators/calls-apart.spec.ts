import { describe, expect, it } from '@jest/globals';
import { Cacheable } from '../../../lib/nest/decorators/cacheable.decorator.js';
import { CacheEvict } from '../../../lib/nest/decorators/cache-evict.decorator.js';
import { CachePut } from '../../../lib/nest/decorators/cache-put.decorator.js';
import { parametersOf } from '../../../lib/nest/methods/parameter-list.js';
import { RecordingCache } from '../support/recording-cache.js';

const ONE = Symbol('find');
const OTHER = Symbol('find');

class Lists {
  @Cacheable()
  async kept(_keep = (x: number) => x > 0, ...ids: number[]): Promise<string> {
    return ids.join();
  }

  @Cacheable()
  async since(
    _since = [1].map((x) => {
      return x;
    }),
    ...ids: number[]
  ): Promise<string> {
    return ids.join();
  }

  @Cacheable()
  async limited(page: number, limit = 20): Promise<string> {
    return `${page} of ${limit}`;
  }

  @Cacheable()
  async [ONE](): Promise<string> {
    return 'one';
  }

  @Cacheable()
  async [OTHER](): Promise<string> {
    return 'other';
  }

  @Cacheable({ key: 'user:{0.idd}' })
  async misspelt(user: { id: number }): Promise<number> {
    return user.id;
  }

  @Cacheable({ key: 'search:{0.term}:{0.page?}' })
  async search(query: { term: string; page?: number }): Promise<string> {
    return `${query.term} ${query.page}`;
  }

  @Cacheable<Lists['thrown']>({ key: (user) => ['user', user.tenant!.id] })
  async thrown(user: { name: string; tenant?: { id: number } }): Promise<string> {
    return user.name;
  }
}

interface Order {
  id: number;
  owner: unknown;
}

class Orders {
  owner: unknown = 'ann';

  @CacheEvict({ keys: ['order:{0}', 'owner:{result.owner}'], tags: ['owned:{result.owner}'] })
  async rename(id: number): Promise<Order | null> {
    return id === 0 ? null : { id, owner: this.owner };
  }

  @CacheEvict<Orders['asked']>({
    key: 'order:{0}',
    unless: () => {
      throw new RangeError('no answer');
    },
  })
  async asked(_id: number): Promise<void> {}

  @CachePut<Orders['keyed']>({ keyOf: (order) => ['order', order!.id], unless: (order) => order === null })
  async keyed(): Promise<Order | null> {
    return null;
  }

  @CachePut<Orders['timed']>({
    key: 'order:{0}',
    ttl: () => {
      throw new RangeError('no ttl');
    },
  })
  async timed(id: number): Promise<Order> {
    return { id, owner: 1 };
  }
}

describe('keys', () => {
  it('keep apart calls that may differ', async () => {
    const lists = new RecordingCache().attach(new Lists());
    for (const method of ['kept', 'since'] as const) {
      expect([await lists[method](undefined, 1), await lists[method](undefined, 1, 2)]).toEqual(['1', '1,2']);
    }
    expect([await lists.limited(1), await lists.limited(1, 5)]).toEqual(['1 of 20', '1 of 5']);
    expect([await lists[ONE](), await lists[OTHER]()]).toEqual(['one', 'other']);
    expect([await lists.search({ term: 'a' }), await lists.search({ term: 'a', page: 2 })]).toEqual([
      'a undefined',
      'a 2',
    ]);
  });

  it.each<[string, (lists: Lists) => Promise<unknown>[]]>([
    ['{0.idd} is undefined', (lists) => [lists.misspelt({ id: 1 }), lists.misspelt({ id: 2 })]],
    [
      'its key or a tag could not be made',
      (lists) => [lists.thrown({ name: 'ann' }), lists.thrown({ name: 'bob' })],
    ],
  ])('are not made where %s: such calls run uncached', async (why, call) => {
    const cache = new RecordingCache();
    const answers = await Promise.all(call(cache.attach(new Lists())));
    expect(answers[0]).not.toEqual(answers[1]);
    expect(cache.values.size).toBe(0);
    expect(cache.warnings).toEqual([expect.stringContaining(why)]);
  });

  it.each<[string, number | undefined, boolean?]>([
    ['async find() {}', 0],
    ['async find(a, ...rest) {}', 1, true],
    ['find(...rest) {}', 0, true],
    ['find(a = [1, 2].map((x, y) => { return x; }), b,) { return [...b]; }', 2],
    ["find(a = ')', b = '...') {}", 2],
    ['find(a = /[)]/, ...rest) {}', undefined],
    ['find({ a, ...others }, [b, c] = [1, 2]) {}', 2],
    ['find(/* (, */ a /* , */) { f(...a); }', 1],
    ['async [ONE](a, b) {}', 2],
    ["['f(a, b)'](c) {}", undefined],
    ["[Symbol('(a, b')](c) {}", undefined],
    ['id => find(id, 1)', undefined],
    ['function () { [native code] }', undefined],
  ])('know of %s how many parameters it takes: %s', (source, count, hasRest = false) => {
    expect(parametersOf(source)).toEqual(count === undefined ? undefined : { count, hasRest });
  });
});

describe('what a method has changed', () => {
  it('is invalidated as far as keys can be made, before the error is told', async () => {
    const cache = new RecordingCache();
    const orders = cache.attach(new Orders());
    orders.owner = new Orders();
    await expect(orders.rename(1)).rejects.toThrow('{result.owner} is an instance of Orders');
    expect(cache.log).toEqual(['invalidate order:1']);
  });

  it('is invalidated when it is nothing', async () => {
    const cache = new RecordingCache();
    expect(await cache.attach(new Orders()).rename(0)).toBeNull();
    expect(cache.log).toEqual(['invalidate order:0']);
  });

  it.each(['asked', 'timed'] as const)('is invalidated when an option of %s fails', async (method) => {
    const cache = new RecordingCache();
    await expect(cache.attach(new Orders())[method](1)).rejects.toThrow(RangeError);
    expect(cache.log).toEqual(['invalidate order:1']);
  });

  it('is asked about before keys are made of it', async () => {
    const cache = new RecordingCache();
    expect(await cache.attach(new Orders()).keyed()).toBeNull();
    expect(cache.log).toEqual([]);
  });
});
