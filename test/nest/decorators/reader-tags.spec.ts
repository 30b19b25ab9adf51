import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, type Provider, Scope } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cacheable,
  CacheBatch,
  CacheEvict,
  CachePut,
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

async function boot(...providers: Provider[]): Promise<TestingModule> {
  server = await MemcachedServer.start();
  testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers: server.address, decorators: { unprovided: 'ignore' } })],
    providers,
  })
    .setLogger(logger)
    .compile();
  return testing.init().then(() => testing);
}

interface Article {
  id: number;
  slug: string;
  author: number;
}

@Injectable()
class Articles {
  ran = 0;
  meanwhile: () => Promise<unknown> = async () => undefined;

  @Cacheable({ key: 'article:{0}', tags: ['author:{1}', 'article-of:{0}'] })
  async find(id: number, author: number): Promise<Article> {
    this.ran += 1;
    return { id, slug: 'found', author };
  }

  @CachePut({ key: 'article:{result.id}', tags: ['author:{result.author}'] })
  @CacheEvict({ keys: ['slug:{result.slug}'], tags: ['author:{result.author}'] })
  async create(slug: string, author: number): Promise<Article> {
    return { id: 8, slug, author };
  }

  @Cacheable({ key: 'draft:{0}', tags: ['drafts'] })
  async draft(id: number): Promise<string> {
    this.ran += 1;
    return `draft ${id} of the database`;
  }

  @CachePut({ key: 'draft:{0}' })
  async save(id: number): Promise<string> {
    await this.meanwhile();
    return `draft ${id} as saved`;
  }
}

describe('@CachePut', () => {
  it('gives its values the tags that their reader looks for', async () => {
    const articles = (await boot(Articles)).get(Articles);
    await articles.create('made', 3);
    expect(await articles.find(8, 3)).toEqual({ id: 8, slug: 'made', author: 3 });
    expect(articles.ran).toBe(0);
    await testing.get(MemcachedService).invalidateTags('article-of:8');
    expect((await articles.find(8, 3)).slug).toBe('found');
  });

  it.each(['draft:1', 'drafts'])(
    'stores nothing older than an invalidation of %s while it runs',
    async (name) => {
      const articles = (await boot(Articles)).get(Articles);
      const memcached = testing.get(MemcachedService);
      await articles.save(1);
      expect(await articles.draft(1)).toBe('draft 1 as saved');
      articles.meanwhile = () =>
        name === 'drafts' ? memcached.invalidateTags(name) : memcached.invalidate(name);
      await articles.save(1);
      expect(await articles.draft(1)).toBe('draft 1 of the database');
    },
  );

  it('is refused where its reader has a tag that cannot be made of its key', async () => {
    @Injectable()
    class Untagged {
      @Cacheable({ key: 'article:{0}', tags: ['author:{1}'] })
      async find(id: number, author: number): Promise<Article> {
        return { id, slug: 'found', author };
      }

      @CachePut({ key: 'article:{result.id}' })
      async create(slug: string): Promise<Article> {
        return { id: 8, slug, author: 1 };
      }
    }
    await expect(boot(Untagged)).rejects.toThrow(
      "Untagged.create @CachePut: Untagged.find @Cacheable reads what is stored here and wants it to bear its tag 'author:{1}'",
    );
  });
});

describe('@CasUpdate', () => {
  @Injectable()
  class Stock {
    ran = 0;

    @Cacheable({ key: 'stock:{0}', tags: ['stocks', 'stock-of:{0}'] })
    async left(_id: number): Promise<number> {
      this.ran += 1;
      return 500;
    }

    @CasUpdate({ key: 'stock:{1}', tags: ['stocks'] })
    async take(pieces: number, _id: number, @Current() left = 900): Promise<number> {
      return left - pieces;
    }
  }

  it('gives a new value the tags that its reader looks for, so that the update is not overwritten', async () => {
    const stock = (await boot(Stock)).get(Stock);
    expect(await stock.take(1, 7)).toBe(899);
    expect(await stock.left(7)).toBe(899);
    expect(await stock.take(1, 7)).toBe(898);
    expect(await stock.left(7)).toBe(898);
    expect(stock.ran).toBe(0);
  });

  it.each(['stocks', 'stock-of:7'])('stores what an invalidation of the tag %s reaches', async (tag) => {
    const stock = (await boot(Stock)).get(Stock);
    await stock.take(1, 7);
    expect(await stock.left(7)).toBe(899);
    await testing.get(MemcachedService).invalidateTags(tag);
    expect(await stock.left(7)).toBe(500);
  });

  class Found {
    @Cacheable({ key: 'by-function:{0}', tags: [(id: number) => ['stock-of', id]] })
    async byFunction(_id: number): Promise<number> {
      return 500;
    }

    @Cacheable({ key: 'by-value:{0}', tagsOf: (left: number) => [`left:${left}`] })
    async byValue(_id: number): Promise<number> {
      return 500;
    }
  }

  it('is refused where the tags of its reader cannot be known', async () => {
    @Injectable()
    class Untagged extends Found {
      @CasUpdate({ key: 'by-function:{0}' })
      async take(_id: number, @Current() left = 900): Promise<number> {
        return left - 1;
      }

      @CasUpdate({ key: 'by-value:{0}' })
      async give(_id: number, @Current() left = 900): Promise<number> {
        return left + 1;
      }
    }
    await expect(boot(Untagged)).rejects.toThrow(
      [
        'Untagged.take @CasUpdate: Found.byFunction @Cacheable reads what is stored here and wants it to bear its tag made by ' +
          "a function, which cannot be made of this key; name the same tag in 'tags', which the arguments have to tell",
        "Untagged.give @CasUpdate: Found.byValue @Cacheable reads what is stored here and tags it by 'tagsOf', which is not " +
          "known here; name the same tags in 'tags', by a function of the arguments, or invalidations of them would miss this value",
      ].join('\n'),
    );
  });

  it('may name such tags by a function of its own', async () => {
    @Injectable()
    class Tagged extends Found {
      @CasUpdate({ key: 'by-function:{0}', tags: [(id: number) => ['stock-of', id]] })
      async take(_id: number, @Current() left = 900): Promise<number> {
        return left - 1;
      }
    }
    const tagged = (await boot(Tagged)).get(Tagged);
    await tagged.take(7);
    expect(await tagged.byFunction(7)).toBe(899);
    await testing.get(MemcachedService).invalidateTags('stock-of:7');
    expect(await tagged.byFunction(7)).toBe(500);
  });
});

describe('a @CacheBatch', () => {
  @Injectable()
  class Prices {
    readonly asked: unknown[] = [];

    @CacheBatch({ key: 'price:{0}', tags: ['prices'] })
    async find(ids: readonly number[]): Promise<number[]> {
      this.asked.push(ids);
      return ids.map(() => 500);
    }

    @CachePut({ key: 'price:{0}' })
    async put(_id: number, price: number): Promise<number> {
      return price;
    }

    @CasUpdate({ key: 'price:{0}' })
    async raise(_id: number, by: number, @Current() price = 900): Promise<number> {
      return price + by;
    }
  }

  it('is a reader as a @Cacheable is, for whom puts and updates give its tags', async () => {
    const prices = (await boot(Prices)).get(Prices);
    await prices.put(1, 700);
    await prices.raise(2, 1);
    expect(await prices.find([1, 2])).toEqual([700, 901]);
    expect(prices.asked).toEqual([]);
    await testing.get(MemcachedService).invalidateTags('prices');
    expect(await prices.find([1, 2])).toEqual([500, 500]);
  });
});

describe('what factories make later', () => {
  @Injectable()
  class Readers {
    @Cacheable({ key: 'made:{0}', tags: ['made', 'made-of:{0}'] })
    async find(_id: number): Promise<number> {
      return 500;
    }

    @Cacheable({ key: 'by-value:{0}', tagsOf: (left: number) => [`left:${left}`] })
    async byValue(_id: number): Promise<number> {
      return 500;
    }
  }

  class Writer {
    @CasUpdate({ key: 'made:{0}' })
    async take(_id: number, @Current() left = 900): Promise<number> {
      return left - 1;
    }
  }

  class Untagged {
    @CasUpdate({ key: 'by-value:{0}' })
    async take(_id: number, @Current() left = 900): Promise<number> {
      return left - 1;
    }
  }

  @Injectable()
  class Holder {
    constructor(@Inject('made') readonly made: Writer) {}
  }

  const factory = (scope: Scope, type: new () => object): Provider => ({
    provide: 'made',
    scope,
    useFactory: () => new type(),
  });

  it('gives its values the tags of their readers, too', async () => {
    await boot(Readers, factory(Scope.REQUEST, Writer));
    await (await testing.resolve<Writer>('made')).take(7);
    expect(await testing.get(Readers).find(7)).toBe(899);
  });

  it('does so where it is made for who injects it', async () => {
    await boot(Readers, Holder, factory(Scope.TRANSIENT, Writer));
    await testing.get(Holder).made.take(7);
    expect(await testing.get(Readers).find(7)).toBe(899);
  });

  it('is refused when it is made, where their tags cannot be known', async () => {
    await boot(Readers, factory(Scope.REQUEST, Untagged));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(testing.resolve('made')).rejects.toThrow(
        'Untagged.take @CasUpdate: Readers.byValue @Cacheable reads what is stored here',
      );
    }
  });
});

describe('a value that cannot be stored', () => {
  it('is said once for its method, with the mend, and counted', async () => {
    class Product {
      constructor(readonly id: number) {}
    }
    @Injectable()
    class Products {
      @Cacheable({ key: 'product:{0}' })
      async find(id: number): Promise<Product> {
        return new Product(id);
      }
    }
    warnings.length = 0;
    const products = (await boot(Products)).get(Products);
    for (let id = 0; id < 3; id += 1) await products.find(id);
    const { uncached } = await testing.get(MemcachedService).report();
    expect(warnings).toEqual([
      expect.stringMatching(/^Products.find @Cacheable: its value cannot be stored: .*types: \[Product\]/s),
    ]);
    expect(uncached).toEqual({ 'Products.find @Cacheable': { value: 3 } });
  });
});
