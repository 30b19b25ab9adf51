import { describe, expect, it, jest } from '@jest/globals';
import { EMPTY, firstValueFrom, isObservable, lastValueFrom, Observable, of, toArray } from 'rxjs';
import { Readable } from 'node:stream';
import { Cacheable } from '../../../lib/nest/decorators/cacheable.decorator.js';
import { RecordingCache } from '../support/recording-cache.js';

interface Product {
  readonly id: number;
  readonly name: string;
}

class Tenant {
  constructor(readonly id: string) {}
}

describe('@Cacheable', () => {
  class Products {
    calls = 0;

    @Cacheable()
    async find(id: number, _language?: string): Promise<Product> {
      this.calls += 1;
      return { id, name: `product ${id}` };
    }

    @Cacheable({ key: 'twice:{0}' })
    async twice(id: number): Promise<Product[]> {
      return [await this.find(id), await this.find(id)];
    }

    @Cacheable({ key: (tenant: Tenant, term: string) => ['search', tenant.id, term] })
    async search(tenant: Tenant, term: string): Promise<string> {
      return `${tenant.id} ${term}`;
    }

    @Cacheable({ key: (id: number) => `plain ${id}` })
    async plainKey(id: number): Promise<number> {
      return id;
    }

    @Cacheable({ key: '{tenant.id}:{term}', params: ['tenant', 'term'] })
    async named(tenant: Tenant, term: string): Promise<string> {
      return `${tenant.id} ${term}`;
    }

    @Cacheable<Products['conditional']>({
      key: 'conditional:{0}',
      when: (id) => id > 0,
      unless: (product, id) => product.name === '' || id === 13,
      ttl: (product) => (product.id === 1 ? '1m' : '2m'),
      tagsOf: (product) => [`name:${product.name}`],
      tags: ['products', (id) => ['product', id]],
      grace: '1m',
    })
    async conditional(id: number): Promise<Product> {
      return { id, name: id === 7 ? '' : `product ${id}` };
    }

    @Cacheable({ key: 'failing' })
    async failing(): Promise<never> {
      throw new RangeError('the database is away');
    }

    @Cacheable({ key: 'observed:{0}' })
    observed(id: number): Observable<number> {
      this.calls += 1;
      return of(id);
    }

    @Cacheable({ key: 'several' })
    several(): Observable<number> {
      return of(1, 2);
    }

    @Cacheable({ key: 'nothing' })
    nothing(): Observable<number> {
      return EMPTY;
    }

    @Cacheable({ key: 'broken' })
    broken(): Observable<number> {
      return new Observable((subscriber) => subscriber.error(new RangeError('the source is away')));
    }

    @Cacheable({ key: 'undeclared' })
    undeclared(): any {
      return of(1);
    }

    @Cacheable({ key: 'stream' })
    async stream(): Promise<Readable> {
      return Readable.from(['a']);
    }

    @Cacheable({ key: 'hello:{0}', varyBy: ['tenant', () => 'de'] })
    async hello(name: string): Promise<string> {
      return `hello ${name}`;
    }
  }

  const setUp = () => {
    const cache = new RecordingCache();
    return { cache, products: cache.attach(new Products()) };
  };

  it('leaves the method as it is where no application has given the object a cache', async () => {
    const products = new Products();
    await products.find(1);
    await products.find(1);
    expect(products.calls).toBe(2);
    expect(await firstValueFrom(products.observed(3))).toBe(3);
  });

  it('runs the method once for the same arguments, and again for others', async () => {
    const { cache, products } = setUp();
    expect(await products.find(1, 'de')).toEqual({ id: 1, name: 'product 1' });
    expect(await products.find(1, 'de')).toEqual({ id: 1, name: 'product 1' });
    await products.find(2, 'de');
    await products.find(1, 'fr');
    expect(products.calls).toBe(3);
    expect(cache.log).toEqual([
      "load Products.find(1,'de)",
      "hit Products.find(1,'de)",
      "load Products.find(2,'de)",
      "load Products.find(1,'fr)",
    ]);
  });

  it('works on calls from within', async () => {
    const { products } = setUp();
    await products.twice(5);
    expect(products.calls).toBe(1);
  });

  it('takes keys from templates, parameter names and functions', async () => {
    const { cache, products } = setUp();
    const acme = new Tenant('acme');
    await products.search(acme, 'red shoes');
    await products.named(acme, 'a:b');
    await products.plainKey(3);
    expect(cache.log).toEqual(['load search:acme:red%20shoes', 'load acme:a%3Ab', 'load plain 3']);
  });

  it('hands the policy to the cache, with the tags of the call', async () => {
    const { cache, products } = setUp();
    await products.conditional(1);
    expect(cache.policies).toEqual([{ grace: '1m', tags: ['products', 'product:1'] }]);
    expect(cache.log).toEqual(['load conditional:1', 'ttl 1m', 'tag name:product 1']);
  });

  it('asks `when` whether to use the cache, and `unless` whether to store', async () => {
    const { cache, products } = setUp();
    await products.conditional(-1);
    expect(cache.log).toEqual([]);
    await products.conditional(7);
    await products.conditional(13);
    expect(cache.values.size).toBe(0);
    await products.conditional(2);
    expect([...cache.values.keys()]).toEqual(['conditional:2']);
  });

  it("lets the method's own error through", async () => {
    const { products } = setUp();
    await expect(products.failing()).rejects.toThrow(RangeError);
  });

  it('keeps the name and the number of parameters', () => {
    expect(Products.prototype.find.name).toBe('find');
    expect(Products.prototype.search).toHaveLength(2);
  });

  it('leaves no trace on the object that printing, comparing and copying would show', () => {
    class Plain {
      @Cacheable()
      async find(): Promise<number> {
        return 1;
      }
    }
    const cache = new RecordingCache();
    const object = cache.attach(new Plain());
    expect(Reflect.ownKeys(Object.assign({}, object))).toEqual([]);
    expect(object).toEqual(new Plain());
  });

  it('can be called without an object, like the plain method', async () => {
    const { find } = Products.prototype;
    await expect(find(1)).rejects.toThrow(TypeError);
  });

  describe('on a method that returns an observable', () => {
    it('emits the stored value on a hit, without running the method', async () => {
      const { products } = setUp();
      const first = products.observed(4);
      expect(isObservable(first)).toBe(true);
      expect(await lastValueFrom(first.pipe(toArray()))).toEqual([4]);
      expect(await lastValueFrom(products.observed(4).pipe(toArray()))).toEqual([4]);
      expect(products.calls).toBe(1);
    });

    it('does nothing until it is subscribed to', () => {
      const { cache, products } = setUp();
      products.observed(4);
      expect(cache.log).toEqual([]);
    });

    it('fails when the method emits more than once, since a key holds one value', async () => {
      const { cache, products } = setUp();
      await expect(lastValueFrom(products.several())).rejects.toThrow(
        'Products.several @Cacheable: the observable emitted more than once, and a key holds one value; ' +
          'gather the emissions (toArray(), last()) before they are returned',
      );
      expect(cache.values.size).toBe(0);
    });

    it('completes without an emission when the method does', async () => {
      const { products } = setUp();
      expect(await lastValueFrom(products.nothing().pipe(toArray()))).toEqual([]);
    });

    it("lets the source's own error through", async () => {
      const { products } = setUp();
      await expect(lastValueFrom(products.broken())).rejects.toThrow(RangeError);
    });

    it('says so when the return type is not declared, and callers got a promise', async () => {
      const { products } = setUp();
      await expect(products.undeclared()).rejects.toThrow(
        "the method returns an observable that could not be known of beforehand, so that its callers got a promise; write the return type (': Observable<…>'), import Observable as a value, not as a type",
      );
    });
  });

  it('refuses a stream, which cannot be stored', async () => {
    const { products } = setUp();
    await expect(products.stream()).rejects.toThrow(
      'Products.stream @Cacheable: the method returned a stream, which can be read once and not be stored',
    );
  });

  it('runs uncached for arguments without a stable form, and says so once', async () => {
    const { cache, products } = setUp();
    for (const name of ['acme', 'other']) await products.find(new Tenant(name) as never);
    expect(cache.values.size).toBe(0);
    expect(cache.warnings).toEqual([
      'Products.find @Cacheable: argument 0 is an instance of Tenant, which has no stable form for a key; name what the ' +
        "result depends on by 'key', or give its class a 'toCacheKey()' method. Such calls run uncached; said once.",
    ]);
  });

  describe('with vary', () => {
    it('keeps apart what depends on more than the arguments', async () => {
      const cache = new RecordingCache();
      let tenant: unknown = 'acme';
      const products = cache.attach(new Products(), { varyBy: { tenant: () => tenant } });
      await products.hello('ann');
      tenant = 'a|b';
      await products.hello('ann');
      expect(cache.log).toEqual(['load hello:ann|acme|de', 'load hello:ann|a%7Cb|de']);
    });

    it('throws where the value is undefined, and never shares', async () => {
      const cache = new RecordingCache();
      const products = cache.attach(new Products(), { varyBy: { tenant: () => undefined } });
      await expect(products.hello('ann')).rejects.toThrow(
        "Products.hello @Cacheable: varyBy 'tenant' is undefined; a value shared by all callers without one would be served to the wrong of them",
      );
      expect(cache.log).toEqual([]);
    });
  });

  describe('with a default key', () => {
    it('tells inherited methods of different classes apart', async () => {
      abstract class Repository {
        abstract readonly table: string;

        @Cacheable()
        async find(id: number): Promise<string> {
          return `${this.table} ${id}`;
        }
      }
      class Users extends Repository {
        readonly table = 'users';
      }
      class Orders extends Repository {
        readonly table = 'orders';
        override async find(id: number): Promise<string> {
          return `own ${await super.find(id)}`;
        }
      }
      const cache = new RecordingCache();
      const host = cache.host();
      const slot = Reflect.ownKeys(cache.attach({})).find((key) => typeof key === 'symbol') as symbol;
      const [users, orders] = [new Users(), new Orders()].map((object) =>
        Object.assign(object, { [slot]: host }),
      );
      expect(await users.find(1)).toBe('users 1');
      expect(await orders.find(1)).toBe('own orders 1');
      expect(cache.log).toEqual(['load Users/Repository.find(1)', 'load Orders/Repository.find(1)']);
    });

    it('tells a class from parents of the same name', async () => {
      const make = () => {
        class Orders {
          @Cacheable()
          async find(id: number): Promise<string> {
            return `order ${id}`;
          }
        }
        return Orders;
      };
      const Grandparent = make();
      const makeChild = (Parent: typeof Grandparent) => {
        class Orders extends Parent {
          @Cacheable()
          override async find(id: number): Promise<string> {
            return `own ${await super.find(id)}`;
          }
        }
        return Orders;
      };
      const Parent = makeChild(Grandparent);
      const cache = new RecordingCache();
      expect(await cache.attach(new (makeChild(Parent))()).find(1)).toBe('own own order 1');
      class Sales extends Parent {}
      expect(await cache.attach(new Sales()).find(1)).toBe('own order 1');
      expect(cache.log).toEqual([
        'load Orders.find(1)',
        'load Orders/Orders#2.find(1)',
        'load Orders/Orders#3.find(1)',
        'load Sales/Orders.find(1)',
        'load Sales/Orders#2.find(1)',
      ]);
    });

    it('caches one of two classes of one name in one application, whose values would meet', async () => {
      const make = () => {
        class Same {
          @Cacheable()
          async find(): Promise<number> {
            return 1;
          }
        }
        return new Same();
      };
      const cache = new RecordingCache();
      const host = cache.host();
      const slot = Reflect.ownKeys(cache.attach({})).find((key) => typeof key === 'symbol') as symbol;
      const [one, other] = [make(), make()].map((object) => Object.assign(object, { [slot]: host }));
      await one.find();
      await other.find();
      expect(cache.values.size).toBe(1);
      expect(cache.warnings).toEqual([expect.stringContaining('two classes are called Same')]);
    });
  });

  it('shares a class between two applications without mixing them', async () => {
    const [one, other] = [setUp(), setUp()];
    await one.products.find(1);
    await other.products.find(1);
    expect([one.products.calls, other.products.calls]).toEqual([1, 1]);
  });

  it('uses the named instance, and stays plain where only another one is there', async () => {
    class Sessions {
      readonly load = jest.fn(async (id: string) => `session ${id}`);

      @Cacheable({ key: 'session:{0}', name: 'sessions' })
      async find(id: string): Promise<string> {
        return this.load(id);
      }
    }
    const cache = new RecordingCache();
    const plain = cache.attach(new Sessions());
    await plain.find('a');
    expect(cache.log).toEqual([]);
    await cache.attach(plain, { name: 'sessions' }).find('a');
    expect(cache.log).toEqual(['load session:a']);
  });

  it.each<[string, () => void]>([
    [
      'Registry.find @Cacheable: a static method has no object that Nest could give its cache to; make it a method of a provider',
      () => {
        class Registry {
          static async find(): Promise<number> {
            return 1;
          }
        }
        (Cacheable() as any)(Registry, 'find', Object.getOwnPropertyDescriptor(Registry, 'find'));
      },
    ],
    [
      'Registry.size @Cacheable: only methods can be decorated, not accessors and properties; write it as a method',
      () => {
        class Registry {
          get size(): Promise<number> {
            return Promise.resolve(1);
          }
        }
        const descriptor = Object.getOwnPropertyDescriptor(Registry.prototype, 'size');
        (Cacheable() as any)(Registry.prototype, 'size', descriptor);
      },
    ],
    [
      "@Cacheable: compile with experimentalDecorators, as Nest's own decorators need it",
      () => (Cacheable() as any)(() => 1, { kind: 'method', name: 'find' }),
    ],
  ])('refuses with: %s', (message, decorate) => {
    expect(decorate).toThrow(message);
  });
});
