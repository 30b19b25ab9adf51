import { describe, expect, it } from '@jest/globals';
import { SetMetadata } from '@nestjs/common';
import { concat, defer, EMPTY, lastValueFrom, Observable, of, throwError, toArray } from 'rxjs';
import { KEEP } from '../../../lib/cache/cas-update.js';
import { CacheEvict } from '../../../lib/nest/decorators/cache-evict.decorator.js';
import { CachePut } from '../../../lib/nest/decorators/cache-put.decorator.js';
import { Cacheable } from '../../../lib/nest/decorators/cacheable.decorator.js';
import { CasUpdate } from '../../../lib/nest/decorators/cas-update.decorator.js';
import { Current } from '../../../lib/nest/decorators/current.decorator.js';
import { RecordingCache } from '../support/recording-cache.js';

interface Product {
  readonly id: number;
  readonly slug: string;
}

class Products {
  readonly ran: string[] = [];

  constructor(readonly cache: RecordingCache) {
    cache.attach(this);
  }

  @CacheEvict({
    keys: ['product:{0}', 'slug:{result.slug}', (id: number) => `raw ${id}`],
    tags: ['products'],
  })
  async rename(id: number, slug: string): Promise<Product> {
    this.cache.log.push('ran');
    return { id, slug };
  }

  @CacheEvict({ key: 'product:{0}' })
  async fail(_id: number): Promise<never> {
    throw new RangeError('the database is away');
  }

  @CacheEvict({ key: 'product:{0}', tags: ['products'], at: 'before', soft: '30s' })
  async before(_id: number): Promise<void> {
    this.cache.log.push('ran');
  }

  @CacheEvict({ key: 'product:{0}', at: 'both' })
  async both(_id: number): Promise<void> {
    this.cache.log.push('ran');
  }

  @CacheEvict<Products['unchanged']>({
    keysOf: (product, id) => [`slug:${product?.slug}`, ['id', id, 'x:y']],
    unless: (product) => product === null,
    when: (id) => id > 0,
  })
  async unchanged(id: number): Promise<Product | null> {
    return id === 7 ? null : { id, slug: 'lamp' };
  }

  @CacheEvict({ key: 'observed' })
  observed(): Observable<string> {
    return concat(
      of('a', 'b'),
      defer(() => of(this.cache.log.join('|'))),
    );
  }

  @CacheEvict({ key: 'observed' })
  silent(): Observable<string> {
    return EMPTY;
  }

  @CacheEvict({ key: 'observed' })
  broken(): Observable<string> {
    return throwError(() => new RangeError('the source is away'));
  }

  @CachePut({ key: 'product:{result.id}', ttl: '10m' })
  async create(slug: string): Promise<Product | undefined> {
    return slug === '' ? undefined : { id: 4, slug };
  }

  @CachePut<Products['save']>({
    key: 'product:{0}',
    ttl: (product) => (product?.slug === 'lamp' ? '1m' : '2m'),
    tags: ['products', 'slug:{result.slug}'],
    tagsOf: (product) => [`id:${product?.id}`],
    unless: (product) => product?.slug === 'secret',
    when: (id) => id > 0,
  })
  async save(id: number, slug: string): Promise<Product | undefined> {
    return slug === '' ? undefined : { id, slug };
  }

  @CachePut<Products['keyed']>({ keyOf: (product) => ['slug', product.slug] })
  async keyed(slug: string): Promise<Product> {
    return { id: 1, slug };
  }

  @CasUpdate({ key: 'stock:{0}', ttl: '1h', attempts: 5, tags: ['stock:{0}'] })
  async take(id: string, pieces: number, @Current() left = 10): Promise<number> {
    this.ran.push(`${id} ${pieces} of ${left}`);
    if (left < pieces) throw new RangeError('sold out');
    return left - pieces;
  }

  @CasUpdate({ key: 'stock:{1}' })
  async look(@Current() left: number | undefined, _id: string): Promise<number | typeof KEEP> {
    this.ran.push(String(left));
    return KEEP;
  }
}

const setUp = () => new Products(new RecordingCache());

describe('@CacheEvict', () => {
  it('invalidates all its keys in one call, and its tags, after the method', async () => {
    const products = setUp();
    expect(await products.rename(3, 'red lamp')).toEqual({ id: 3, slug: 'red lamp' });
    expect(products.cache.log).toEqual([
      'ran',
      'invalidate product:3,raw 3,slug:red%20lamp',
      'invalidate tags products',
    ]);
  });

  it('leaves everything alone when the method fails', async () => {
    const products = setUp();
    await expect(products.fail(3)).rejects.toThrow(RangeError);
    expect(products.cache.log).toEqual([]);
  });

  it('invalidates before the method, or both times, if asked', async () => {
    const products = setUp();
    await products.before(3);
    await products.both(3);
    expect(products.cache.log).toEqual([
      'invalidate product:3 soft 30000',
      'invalidate tags products soft 30000',
      'ran',
      'invalidate product:3',
      'ran',
      'invalidate product:3',
    ]);
  });

  it('takes keys from the result, and asks `when` and `unless`', async () => {
    const products = setUp();
    await products.unchanged(1);
    await products.unchanged(7);
    await products.unchanged(-1);
    expect(products.cache.log).toEqual(['invalidate slug:lamp,id:1:x%3Ay']);
  });

  it('has done so before the last emission of an observable reaches the caller', async () => {
    const products = setUp();
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      products.observed().subscribe({
        next: (value) => seen.push(`${value} after ${products.cache.log.length}`),
        complete: resolve,
        error: reject,
      });
    });
    expect(seen).toEqual(['a after 0', 'b after 0', ' after 1']);
  });

  it('does so for an observable that emits nothing, and not for one that fails', async () => {
    const products = setUp();
    expect(await lastValueFrom(products.silent().pipe(toArray()))).toEqual([]);
    expect(products.cache.log).toEqual(['invalidate observed']);
    await expect(lastValueFrom(products.broken())).rejects.toThrow(RangeError);
    expect(products.cache.log).toHaveLength(1);
  });

  it('ends the source when its caller goes away', () => {
    let subscribers = 0;
    class Feed {
      @CacheEvict({ key: 'feed' })
      endless(): Observable<number> {
        return new Observable(() => {
          subscribers += 1;
          return () => {
            subscribers -= 1;
          };
        });
      }
    }
    const subscription = new RecordingCache().attach(new Feed()).endless().subscribe();
    expect(subscribers).toBe(1);
    subscription.unsubscribe();
    expect(subscribers).toBe(0);
  });
});

describe('@CachePut', () => {
  it('stores what the method returns, under a key of it', async () => {
    const products = setUp();
    await products.create('lamp');
    expect(products.cache.values).toEqual(new Map([['product:4', { id: 4, slug: 'lamp' }]]));
    expect(products.cache.policies).toEqual([{ ttl: '10m' }]);
  });

  it('stores nothing where there is no result to make the key of', async () => {
    const products = setUp();
    await products.create('');
    expect(products.cache.log).toEqual([]);
  });

  it('takes ttl and tags from value and arguments', async () => {
    const products = setUp();
    await products.save(1, 'lamp');
    await products.save(2, 'chair');
    expect(products.cache.policies).toEqual([
      { ttl: '1m', tags: ['products', 'slug:lamp', 'id:1'] },
      { ttl: '2m', tags: ['products', 'slug:chair', 'id:2'] },
    ]);
  });

  it('invalidates instead what is not to be stored, since what is there is older', async () => {
    const products = setUp();
    await products.save(1, 'secret');
    await products.save(2, '');
    await products.save(-3, 'ignored');
    expect(products.cache.log).toEqual(['invalidate product:1', 'invalidate product:2']);
    expect(products.cache.values.size).toBe(0);
  });

  it('takes the key from a function of the result', async () => {
    const products = setUp();
    await products.keyed('red:lamp');
    expect([...products.cache.values.keys()]).toEqual(['slug:red%3Alamp']);
  });
});

describe('@CasUpdate', () => {
  it('hands the current value to the method, and stores what it returns', async () => {
    const products = setUp();
    expect(await products.take('lamp', 3)).toBe(7);
    expect(await products.take('lamp', 2)).toBe(5);
    expect(products.ran).toEqual(['lamp 3 of 10', 'lamp 2 of 7']);
    expect(products.cache.policies[0]).toEqual({ ttl: '1h', attempts: 5, tags: ['stock:lamp'] });
  });

  it('stores nothing when the method throws, and lets the error through', async () => {
    const products = setUp();
    await expect(products.take('lamp', 11)).rejects.toThrow('sold out');
    expect(products.cache.values.size).toBe(0);
  });

  it('leaves the value on KEEP, and returns it', async () => {
    const products = setUp();
    await products.take('lamp', 3);
    expect(await products.look(undefined, 'lamp')).toBe(7);
    expect(products.ran.at(-1)).toBe('7');
  });
});

describe('several decorators on one method', () => {
  const make = (cache: RecordingCache) => {
    class Both {
      @CacheEvict({ key: 'list' })
      @CachePut({ key: 'slug:{result.slug}' })
      @Cacheable({ key: 'product:{0}' })
      async find(id: number): Promise<Product> {
        cache.log.push('ran');
        return { id, slug: 'lamp' };
      }

      @CasUpdate({ key: 'stock:{0}' })
      @CachePut({ key: 'shown:{0}' })
      @CacheEvict({ key: 'list', at: 'both' })
      async take(_id: number, @Current() left = 10): Promise<number> {
        cache.log.push('ran');
        return left - 1;
      }
    }
    return cache.attach(new Both());
  };

  it('nest in the documented order, whatever their order in the source', async () => {
    const cache = new RecordingCache();
    const object = make(cache);
    await object.find(1);
    await object.find(1);
    await object.take(1);
    expect(cache.log).toEqual([
      'load product:1',
      'ran',
      'invalidate list',
      'set slug:lamp',
      'hit product:1',
      'invalidate list',
      'ran',
      'invalidate list',
      'set shown:1',
    ]);
  });

  it('work when a decorator of somebody else wraps the method between them', async () => {
    const Traced: MethodDecorator = (_target, _property, descriptor: PropertyDescriptor) => {
      const inner = descriptor.value as (...args: unknown[]) => unknown;
      descriptor.value = function traced(this: RecordingHolder, ...args: unknown[]) {
        this.cache.log.push('traced');
        return inner.apply(this, args);
      };
    };
    class RecordingHolder {
      constructor(readonly cache: RecordingCache) {
        cache.attach(this);
      }

      @CacheEvict({ key: 'list' })
      @Traced
      @Cacheable({ key: 'product:{0}' })
      async find(id: number): Promise<number> {
        return id;
      }
    }
    const cache = new RecordingCache();
    await new RecordingHolder(cache).find(1);
    expect(cache.log).toEqual(['traced', 'load product:1', 'invalidate list']);
  });

  it('keep metadata from above, below and between, and what others hang on the function', () => {
    const Hung: MethodDecorator = (_target, _property, descriptor: PropertyDescriptor) => {
      (descriptor.value as { hung?: string }).hung = 'here';
    };
    class Marked {
      @SetMetadata('above', 1)
      @CacheEvict({ key: 'a' })
      @SetMetadata('between', 2)
      @Cacheable()
      @Hung
      @SetMetadata('below', 3)
      async find(): Promise<void> {}
    }
    const { find } = Marked.prototype;
    expect(['above', 'between', 'below'].map((key) => Reflect.getMetadata(key, find) as unknown)).toEqual([
      1, 2, 3,
    ]);
    expect((find as { hung?: string }).hung).toBe('here');
  });
});

describe('@Current()', () => {
  it('is refused on two parameters of a method, and on a constructor', () => {
    expect(() => {
      class Twice {
        async take(@Current() _one: number, @Current() _other: number): Promise<void> {}
      }
      return Twice;
    }).toThrow('Twice.take @Current(): two parameters are marked, the cached value is handed to one');
    expect(() => {
      class Made {
        constructor(@Current() readonly value: number) {}
      }
      return Made;
    }).toThrow("Made @Current(): a constructor has no cached value; mark a method's parameter");
  });
});
