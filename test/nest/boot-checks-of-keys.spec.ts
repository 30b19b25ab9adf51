import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cacheable,
  type CacheableOptions,
  CachePut,
  CasUpdate,
  Current,
  type LoadContext,
  Loading,
  MemcachedModule,
} from '../../lib/index.js';
import { RecordingCache } from './support/recording-cache.js';

let testing: TestingModule | undefined;
afterEach(async () => {
  await testing?.close();
  testing = undefined;
});

/** What refuses an application with these providers; undefined where it starts. */
async function refusal(...providers: Type[]): Promise<string | undefined> {
  testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ decorators: { unprovided: 'ignore' } })],
    providers,
  }).compile();
  return testing.init().then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
}

class ListQuery {
  page = '1';
}

describe('at boot, a key', () => {
  it.each(['product', 'product::id', '#id', '%s'])(
    "'%s' that names no parameter of the method is refused",
    async (key) => {
      @Injectable()
      class Products {
        @Cacheable({ key })
        async find(id: string): Promise<string> {
          return id;
        }
      }
      expect(await refusal(Products)).toContain(
        `Products.find @Cacheable: key '${key}' names none of the method's parameters, so that all calls would get one answer`,
      );
    },
  );

  it('that is meant for all calls is said to be so', async () => {
    @Injectable()
    class Products {
      @Cacheable({ key: 'product', sharedByAll: true })
      async find(id: string): Promise<string> {
        return id;
      }

      @Cacheable({ key: 'products' })
      async all(): Promise<string[]> {
        return [];
      }
    }
    expect(await refusal(Products)).toBeUndefined();
  });

  it('of an object without a stable form is refused, whether the method names it or not', async () => {
    @Injectable()
    class Products {
      @Cacheable({ key: 'list:{0}' })
      async list(query: ListQuery): Promise<string> {
        return query.page;
      }

      @Cacheable()
      async all(query: ListQuery): Promise<string> {
        return query.page;
      }
    }
    const lines = (await refusal(Products))?.split('\n');
    expect(lines).toEqual([
      expect.stringContaining(
        "Products.list @Cacheable: key 'list:{0}': {0} is a ListQuery, an object without a stable",
      ),
      expect.stringContaining(
        'Products.all @Cacheable: parameter 0 is a ListQuery, an object without a stable',
      ),
    ]);
  });

  it('of a class whose objects may have a stable form is let through', async () => {
    abstract class Filter {
      abstract toCacheKey(): unknown;
    }
    class Arrow {
      page = 1;
      toCacheKey = (): unknown => this.page;
    }
    @Injectable()
    class Products {
      @Cacheable()
      async filtered(_filter: Filter, _arrow: Arrow): Promise<number> {
        return 1;
      }

      @Cacheable({ key: 'filtered:{0}:{1}' })
      async named(_filter: Filter, _arrow: Arrow): Promise<number> {
        return 1;
      }
    }
    expect(await refusal(Products)).toBeUndefined();
  });
});

/** Decorates the method `find` of a class as a build does that writes no metadata. */
function decorated<T extends { prototype: { find(...args: never[]): Promise<unknown> } }>(
  type: T,
  options: CacheableOptions,
  ...others: MethodDecorator[]
): T {
  const decorators = [Cacheable(options) as MethodDecorator, ...others];
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, 'find') as PropertyDescriptor;
  for (const decorator of decorators.toReversed()) decorator(type.prototype, 'find', descriptor);
  Object.defineProperty(type.prototype, 'find', descriptor);
  return type;
}

/** As decorators of other libraries wrap methods. */
const wraps: [string, (method: (...args: unknown[]) => unknown) => unknown][] = [
  [
    'a rest',
    (method) =>
      async function (this: unknown, ...args: unknown[]) {
        return Reflect.apply(method, this, args);
      },
  ],
  [
    'arguments',
    (method) =>
      function (this: unknown) {
        // oxlint-disable-next-line prefer-rest-params
        return Reflect.apply(method, this, [...arguments]);
      },
  ],
];

const wrapped =
  (wrap: (method: (...args: unknown[]) => unknown) => unknown): MethodDecorator =>
  (_target, _property, descriptor) => {
    descriptor.value = wrap(descriptor.value as never) as never;
  };

/** Classes anew, since each is decorated once. */
const one = () =>
  class One {
    async find(id: number): Promise<number> {
      return id;
    }
  };
const paged = () =>
  class Paged {
    async find(page = 1): Promise<number> {
      return page;
    }
  };
const none = () =>
  class None {
    async find(): Promise<number> {
      return 1;
    }
  };

describe('without metadata, a key', () => {
  it('that names none of the parameters is refused, though all have defaults', async () => {
    expect(await refusal(decorated(paged(), { key: 'pages' }))).toContain(
      "Paged.find @Cacheable: key 'pages' names none of the method's parameters",
    );
    expect(await refusal(decorated(paged(), { key: 'page:{0}' }), decorated(none(), { key: 'none' }))).toBe(
      undefined,
    );
  });

  it('that asks for a parameter which is not there is refused', async () => {
    expect(await refusal(decorated(one(), { key: 'one:{1}' }))).toContain(
      "One.find @Cacheable: key 'one:{1}': {1} asks for a parameter that does not exist; the method takes one parameter, {0}",
    );
  });

  it.each(wraps)('is not refused above a wrapper that takes %s', async (_what, wrap) => {
    const types = [
      decorated(one(), { key: 'one:{0}' }, wrapped(wrap)),
      decorated(none(), { key: 'none' }, wrapped(wrap)),
    ];
    expect(await refusal(...types)).toBeUndefined();
  });

  it.each(wraps)('that takes none of the arguments through %s makes no key', async (_what, wrap) => {
    for (const key of ['one:{1}', 'one']) {
      const cache = new RecordingCache();
      const finder = cache.attach(new (decorated(one(), { key }, wrapped(wrap)))());
      expect([await finder.find(7), await finder.find(8)]).toEqual([7, 8]);
      expect(cache.values.size).toBe(0);
      expect(cache.warnings).toEqual([
        expect.stringContaining(`One.find @Cacheable: key '${key}' names none of the arguments`),
      ]);
    }
  });

  it.each(wraps)(
    'that is meant for all, or of a call without arguments, is made through %s',
    async (_what, wrap) => {
      const cache = new RecordingCache();
      const shared = decorated(one(), { key: 'one', sharedByAll: true }, wrapped(wrap));
      await cache.attach(new shared()).find(7);
      await cache.attach(new (decorated(paged(), { key: 'page:{0}' }, wrapped(wrap)))()).find();
      await cache.attach(new (decorated(none(), { key: 'none' }, wrapped(wrap)))()).find();
      expect([...cache.values.keys()]).toEqual(['one', 'page:%u', 'none']);
      expect(cache.warnings).toEqual([]);
    },
  );
});

describe('with metadata, a key', () => {
  it('that a put stores under may be the same for all', async () => {
    const through = wrapped(wraps[0][1]);
    class Finder {
      @CachePut({ key: 'latest' })
      @through
      async put(id: number): Promise<number> {
        return id;
      }
    }
    const cache = new RecordingCache();
    await cache.attach(new Finder()).put(7);
    expect([...cache.values.entries()]).toEqual([['latest', 7]]);
  });

  it('that asks for more than a wrapped method takes makes none, and one of its parameters is none', async () => {
    const through = wrapped(wraps[0][1]);
    class Finder {
      @Cacheable({ key: 'more:{2}' })
      @through
      async more(id: number, _language?: string): Promise<number> {
        return id;
      }

      @Cacheable({ key: 'known:{1}' })
      @through
      async known(id: number, _language?: string): Promise<number> {
        return id;
      }

      @Cacheable({ key: 'none' })
      @through
      async none(): Promise<number> {
        return 1;
      }
    }
    const cache = new RecordingCache();
    const finder = cache.attach(new Finder());
    await finder.more(7);
    await finder.known(7);
    await (finder.none as (extra: number) => Promise<number>)(0);
    expect([...cache.values.keys()]).toEqual(['known:%u', 'none']);
    expect(cache.warnings).toEqual([expect.stringContaining("key 'more:{2}' names none of the arguments")]);
  });
});

describe('a key of what callers leave out', () => {
  it('is refused, as is such a tag', async () => {
    class Finder {
      @Cacheable({ key: 'loaded:{0}' })
      async loaded(@Loading() _load: LoadContext | undefined, id: number): Promise<number> {
        return id;
      }

      @Cacheable({ key: 'tagged:{1}', tags: ['of:{0}'] })
      async tagged(@Loading() _load: LoadContext | undefined, id: number): Promise<number> {
        return id;
      }

      @CasUpdate({ key: 'stock:{1}' })
      async take(_id: number, @Current() left = 0): Promise<number> {
        return left;
      }

      @CachePut({ key: 'named:{1}' })
      async named(_name: string, id: number): Promise<number> {
        return id;
      }
    }
    const left = (place: string, key: string, position: number, mark: string): unknown =>
      expect.stringContaining(
        `${place}: key '${key}': {${position}} is the parameter marked ${mark}, which callers leave out`,
      );
    expect((await refusal(Finder))?.split('\n')).toEqual([
      left('Finder.loaded @Cacheable', 'loaded:{0}', 0, '@Loading()'),
      left('Finder.tagged @Cacheable', 'of:{0}', 0, '@Loading()'),
      left('Finder.take @CasUpdate', 'stock:{1}', 1, '@Current()'),
    ]);
  });
});
