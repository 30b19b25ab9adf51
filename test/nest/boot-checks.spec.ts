import { describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  Get,
  Header,
  Headers,
  Injectable,
  Ip,
  Module,
  Next,
  Param,
  Query,
  Req,
  Res,
  Scope,
  Session,
  Sse,
  StreamableFile,
  type Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Observable } from 'rxjs';
import {
  Cacheable,
  CacheBatch,
  CacheDefaults,
  CacheEvict,
  CachePut,
  CasUpdate,
  Current,
  DecoratorError,
  InvalidOptionsError,
  MemcachedModule,
} from '../../lib/index.js';
import { boot } from './support/boot.js';

class Search {
  term = '';
}

class Account {
  constructor(readonly number: string) {}

  toCacheKey(): string {
    return this.number;
  }
}

async function refusal(...types: Type[]): Promise<unknown> {
  const controllers = types.filter((type) => Reflect.hasMetadata('path', type));
  const providers = types.filter((type) => !controllers.includes(type));
  try {
    await using _booted = await boot({ controllers, providers });
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('at boot', () => {
  const refused: [string, () => Type][] = [
    [
      'Products.find @Cacheable: @Req() differs from request to request, so no two would share an answer; ' +
        "name what the result depends on by 'key'",
      () => {
        @Controller()
        class Products {
          @Get()
          @Cacheable()
          async find(@Req() _request: unknown): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.find @Cacheable: @Headers() differs from request to request',
      () => {
        @Controller()
        class Products {
          @Cacheable()
          @Get()
          async find(
            @Headers() _headers: object,
            @Headers('accept-language') _language: string,
          ): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.find @Cacheable: @Session() differs from request to request',
      () => {
        @Controller()
        class Products {
          @Cacheable()
          @Get()
          async find(@Session() _session: object): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.find @Cacheable: what the method sets by @Res({ passthrough: true }) would be missing in answers from the ' +
        "cache; @HttpCache stores a route's whole answer",
      () => {
        @Controller()
        class Products {
          @Cacheable({ key: 'product:{0}' })
          @Get(':id')
          async find(
            @Param('id') _id: string,
            @Res({ passthrough: true }) _response: unknown,
          ): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.find @Cacheable: @Res() or @Next() leaves the response to the method, so nobody would send an answer ' +
        'from the cache; return the value, and set headers by @Header() or, with @HttpCache, by @Res({ passthrough: true })',
      () => {
        @Controller()
        class Products {
          @Cacheable({ key: 'product:{0}' })
          @Get(':id')
          async find(@Param('id') _id: string, @Res() _response: unknown): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.find @CachePut: @Res() or @Next() leaves the response to the method',
      () => {
        @Controller()
        class Products {
          @CachePut({ key: 'product:{0}' })
          @Get(':id')
          async find(@Param('id') _id: string, @Next() _next: unknown): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.watch @Cacheable: @Sse() streams events, which cannot be stored; cache what the events are made of',
      () => {
        @Controller()
        class Products {
          @Cacheable()
          @Sse()
          watch(): Observable<MessageEvent> {
            throw new Error('never called');
          }
        }
        return Products;
      },
    ],
    [
      'Products.file @Cacheable: it returns a StreamableFile, which can be read once and not be stored; ' +
        'cache what it is made of, or return a Buffer',
      () => {
        @Controller()
        class Products {
          // @ts-expect-error a decorated method returns a promise or an observable
          @Cacheable()
          @Get()
          file(): StreamableFile {
            return new StreamableFile(Buffer.of(1));
          }
        }
        return Products;
      },
    ],
    [
      'Products.search @Cacheable: parameter 0 is a Search, an object without a stable form for a key; ' +
        "name what the result depends on by 'key', or give the class a 'toCacheKey()' method",
      () => {
        class Products {
          @Cacheable()
          async search(_search: Search): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @Cacheable: key 'product:{2}': {2} asks for a parameter that does not exist; the method takes 2 parameters",
      () => {
        class Products {
          @Cacheable({ key: 'product:{2}' })
          async find(_id: number, _language = 'en'): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @CacheEvict: key 'product:{id}': {id} needs the parameters' names in order, such as params: ['id']; or write {0}",
      () => {
        class Products {
          @CacheEvict({ key: 'product:{id}' })
          async find(_id: number): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @Cacheable: key 'product:{result.id}': {result.id} is not known yet when this key is needed, before the method runs",
      () => {
        class Products {
          @Cacheable({ key: 'product:{result.id}' })
          async find(_id: number): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @CacheEvict: nothing to invalidate; name a 'key', 'keys' or 'tags'",
      () => {
        class Products {
          @CacheEvict({})
          async find(): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @CacheEvict: 'unless' needs what the method returns, which is not known 'before'",
      () => {
        class Products {
          @CacheEvict({ key: 'product:{0}', at: 'before', unless: () => true })
          async find(_id: number): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.load @CacheBatch: the tag 'author:{0}' is of all values, whatever their keys, so that it cannot have placeholders",
      () => {
        class Products {
          @CacheBatch({ key: 'product:{0}', tags: ['author:{0}'], returns: 'map' })
          async load(_ids: number[]): Promise<Map<number, string>> {
            return new Map();
          }
        }
        return Products;
      },
    ],
    [
      "Products.find @CacheEvict: 'keysOf' needs what the method returns, which is not known 'before'",
      () => {
        class Products {
          @CacheEvict({ keysOf: () => ['a'], at: 'before' })
          async find(): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @CachePut: name either 'key' or 'keyOf', the key that readers of the value use",
      () => {
        class Products {
          @CachePut({})
          async find(): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      'Products.take @CasUpdate: no parameter receives the cached value; mark one with @Current()',
      () => {
        class Products {
          @CasUpdate({ key: 'stock:{0}' })
          async take(_id: number): Promise<number> {
            return 1;
          }
        }
        return Products;
      },
    ],
    [
      'Products.take @Cacheable: @Current() marks a parameter that nobody fills; it belongs to a method with @CasUpdate',
      () => {
        class Products {
          @Cacheable()
          async take(@Current() _value: number): Promise<number> {
            return 1;
          }
        }
        return Products;
      },
    ],
    [
      'Products.take @Cacheable: @Cacheable and @CasUpdate on one method would each answer for it; split the method in two',
      () => {
        class Products {
          @Cacheable()
          @CasUpdate({ key: 'stock' })
          async take(@Current() _value: number): Promise<number> {
            return 1;
          }
        }
        return Products;
      },
    ],
    [
      "Products.find @Cacheable: varyBy 'tenant' is not known; name it in the module's options: decorators: { varyBy: { tenant: () => … } }",
      () => {
        class Products {
          @Cacheable({ varyBy: ['tenant'] })
          async find(): Promise<void> {}
        }
        return Products;
      },
    ],
    [
      "Products.find @Cacheable: there is no MemcachedModule with the name 'sesions'; import one, or mend the decorator's 'name'",
      () => {
        class Products {
          @Cacheable({ name: 'sesions' })
          async find(): Promise<void> {}
        }
        return Products;
      },
    ],
  ];

  it.each(refused)('refuses %s', async (message, define) => {
    const error = await refusal(define());
    expect(error).toBeInstanceOf(DecoratorError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message.split('\n')).toHaveLength(1);
  });

  it('names the path of a wrong option', async () => {
    class Products {
      @Cacheable({ key: 'a', ttl: 60 })
      async find(): Promise<void> {}
    }
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ isGlobal: true })],
      providers: [Products],
    }).compile();
    await expect(testing.init()).rejects.toThrow(
      "Products.find @Cacheable.ttl: 60 ms is below one second, the smallest ttl memcached can count; did you mean '60s'?",
    );
    await testing.close();
  });

  it('names an option that no decorator has', async () => {
    class Products {
      @((CacheEvict as any)({ kees: 'product:{0}', key: 'a' }))
      async find(): Promise<void> {}
    }
    expect(String(await refusal(Products))).toContain(
      "Products.find @CacheEvict.kees: unknown option; did you mean 'keys'?",
    );
  });

  it('names all mistakes of all classes at once', async () => {
    class Products {
      @Cacheable()
      async search(_search: Search): Promise<void> {}

      @CachePut({ key: 'product:{9}' })
      async save(_id: number): Promise<void> {}
    }
    @Injectable()
    class Orders {
      @CacheEvict({ key: '{0}{1}' })
      async cancel(_id: number, _reason: string): Promise<void> {}
    }
    const error = await refusal(Products, Orders);
    expect((error as Error).message.split('\n').map((line) => line.split(':')[0])).toEqual([
      'Products.search @Cacheable',
      'Products.save @CachePut',
      'Orders.cancel @CacheEvict',
    ]);
  });

  it('refuses two classes of one name whose default keys would meet', async () => {
    const make = (): Type => {
      class Repository {
        @Cacheable()
        async find(): Promise<void> {}
      }
      return Repository;
    };
    expect(String(await refusal(make(), make()))).toContain(
      'Repository.find @Cacheable: two classes are called Repository, and the default keys of their methods would meet; ' +
        "rename one of them, or give its methods a 'key'",
    );
  });

  it('refuses two methods that store under the same keys, however they write them', async () => {
    class Products {
      @Cacheable({ key: 'product:{0.id}' })
      async find(_by: { id: number }): Promise<void> {}
    }
    @Controller()
    class ProductsController {
      @Get(':id')
      @Cacheable({ key: 'product:{by.id}', params: ['by'] })
      async find(@Param() _by: { id: number }): Promise<void> {}
    }
    expect(String(await refusal(Products, ProductsController))).toContain(
      'ProductsController.find @Cacheable: Products.find stores under the same keys, so that one would be served what the ' +
        "other returned, and wait for itself if it called the other; give one of them another 'key', or both " +
        "'sharedKey: true' if they are to share",
    );
  });

  it('refuses brothers that inherit a method with its key, unless told apart or meant to share', async () => {
    abstract class Repository {
      @Cacheable({ key: 'row:{0}' })
      async find(_id: number): Promise<void> {}

      @Cacheable({ key: 'shared:{0}', sharedKey: true })
      async share(_id: number): Promise<void> {}
    }
    class Users extends Repository {}
    class Orders extends Repository {}
    @CacheDefaults({ prefix: 'invoices:' })
    class Invoices extends Repository {}
    const error = await refusal(Users, Orders, Invoices);
    expect((error as Error).message).toBe(
      'Repository.find @Cacheable: Users and Orders both inherit it and store under the same keys, so that one would be ' +
        "served what the other returned; tell them apart by @CacheDefaults({ prefix: '…' }), " +
        "or say 'sharedKey: true' if they are to share",
    );
    expect(await refusal(Users, Invoices)).toBeUndefined();
  });

  it('refuses request-scoped classes in modules that do not see the MemcachedModule', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Products {
      @Cacheable({ key: 'a' })
      async find(): Promise<void> {}
    }
    @Module({ providers: [Products] })
    class ProductsModule {}
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot(), ProductsModule],
    }).compile();
    await expect(testing.init()).rejects.toThrow(
      'Products: its objects are made for each request, in ProductsModule, which does not see the MemcachedModule; ' +
        "import it there, or make it global ('isGlobal: true')",
    );
    await testing.close();
  });

  it('accepts what looks similar and is sound', async () => {
    @Controller()
    class Products {
      @Cacheable()
      @Get('named')
      @Header('x-a', 'b')
      async named(
        @Headers('accept-language') _language: string,
        @Ip() _ip: string,
        @Query() _query: Record<string, string>,
        @Query('since') _since: Date,
      ): Promise<void> {}

      @Cacheable({ key: 'product:{0.id}' })
      @Get('request')
      async request(@Req() _request: object): Promise<void> {}

      @CacheEvict({ key: 'product:{0.id}' })
      @Get('body')
      async body(@Body() _body: Search, @Res() _response: object): Promise<void> {}

      @CacheEvict({ keys: ['rest:{3}'] })
      @Get('rest')
      async rest(..._ids: string[]): Promise<void> {}

      @CacheEvict({ key: 'sse' })
      @Sse('sse')
      sse(): Observable<MessageEvent> {
        throw new Error('never called');
      }

      @Cacheable()
      async account(
        _account: Account,
        _bytes: Uint8Array,
        _buffer: Buffer,
        _set: Set<string>,
      ): Promise<void> {}

      @CasUpdate({ key: 'stock' })
      @CacheEvict({ key: 'list' })
      async take(@Current() left: Search): Promise<Search> {
        return left;
      }
    }
    expect(await refusal(Products)).toBeUndefined();
  });

  it.each([
    [{ servers: [{ host: 'a', wieght: 2 }] }, 'servers[0].wieght', "did you mean 'weight'?"],
    [{ cache: { ttl: 60 } }, 'cache.ttl', "did you mean '60s'?"],
    [{ cahce: {} }, 'cahce', "did you mean 'cache'?"],
    [{ decorators: { enabld: false } }, 'decorators.enabld', "did you mean 'enabled'?"],
    [{ decorators: { varyBy: { tenant: 'acme' } } }, 'decorators.varyBy.tenant', 'expected a function'],
  ])('refuses the module options %j at %s', async (options, path, hint) => {
    const booting = Test.createTestingModule({
      imports: [MemcachedModule.forRoot(options as never)],
    }).compile();
    await expect(booting).rejects.toMatchObject({ path });
    await expect(booting).rejects.toThrow(InvalidOptionsError);
    await expect(booting).rejects.toThrow(hint);
  });
});
