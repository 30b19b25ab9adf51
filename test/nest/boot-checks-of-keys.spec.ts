import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Cacheable, MemcachedModule } from '../../lib/index.js';

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
