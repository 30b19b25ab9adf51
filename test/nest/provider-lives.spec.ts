import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  Logger,
  Module,
  Param,
  ParseIntPipe,
  Scope,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Exclude } from 'class-transformer';
import request from 'supertest';
import { Cacheable, CacheEvict, DecoratorError, MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { boot } from './support/boot.js';
import { Products } from './support/products.js';
import { RecordingCache } from './support/recording-cache.js';

async function callsOfTwo(products: Products): Promise<number> {
  await products.find(1);
  await products.find(1);
  return products.calls;
}

describe('a module that is loaded later', () => {
  it('has its factories and values connected, too', async () => {
    const given = new Products();
    @Module({
      providers: [
        { provide: 'made', useFactory: async () => new Products() },
        { provide: 'given', useValue: given },
      ],
    })
    class Later {}
    await using booted = await boot({});
    const module = await booted.app.get(LazyModuleLoader).load(() => Later);
    expect(await callsOfTwo(module.get<Products>('made'))).toBe(1);
    await given.find(1);
    expect(given.calls).toBe(0);
  });

  it('is refused, each time, when its decorators would share answers by mistake', async () => {
    @Injectable()
    class Search {
      @Cacheable()
      async find(_by: Products): Promise<void> {}
    }
    @Module({ providers: [Search] })
    class Later {}
    await using booted = await boot({});
    const loader = booted.app.get(LazyModuleLoader);
    for (const _ of ['first', 'second']) {
      const error = await loader.load(() => Later).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DecoratorError);
      expect((error as Error).message).toContain('Search.find @Cacheable: parameter 0 is a Products');
    }
  });

  it('is loaded as ever where decorators are switched off', async () => {
    @Module({ providers: [{ provide: 'made', useFactory: () => new Products() }] })
    class Later {}
    await using booted = await boot({}, { decorators: { enabled: false } });
    const module = await booted.app.get(LazyModuleLoader).load(() => Later);
    expect(await callsOfTwo(module.get<Products>('made'))).toBe(2);
  });
});

describe('a factory', () => {
  @Controller()
  class Shop {
    constructor(
      @Inject('request') readonly perRequest: Products,
      @Inject('transient') readonly transient: Products,
      @Inject('bubbled') readonly bubbled: Products,
    ) {}

    @Get()
    async calls(): Promise<number[]> {
      for (const [index, products] of [this.perRequest, this.transient, this.bubbled].entries()) {
        await products.find(index);
        await products.find(index);
      }
      return [this.perRequest.calls, this.transient.calls, this.bubbled.calls];
    }
  }

  it('has its objects connected that are made for each request, or for each who injects them', async () => {
    @Injectable()
    class Report {
      constructor(@Inject('transient') readonly products: Products) {}
    }
    await using booted = await boot({
      controllers: [Shop],
      providers: [
        Report,
        { provide: 'request', scope: Scope.REQUEST, useFactory: () => new Products() },
        { provide: 'transient', scope: Scope.TRANSIENT, useFactory: async () => new Products() },
        { provide: 'bubbled', inject: ['text'], useFactory: (_text: string) => new Products() },
        { provide: 'text', scope: Scope.REQUEST, useFactory: () => 'text' },
      ],
    });
    const server = booted.app.getHttpServer() as never;
    await request(server).get('/').expect(200, [1, 1, 1]);
    await request(server).get('/').expect(200, [0, 0, 0]);
    const { products } = booted.app.get(Report);
    await products.find(7);
    await products.find(7);
    const resolved = await booted.app.resolve<Products>('transient');
    await resolved.find(7);
    expect([products.calls, resolved.calls]).toEqual([1, 0]);
  });

  it('is refused when it makes what would share answers by mistake, at the first request', async () => {
    class Search {
      @Cacheable()
      async find(_by: Products): Promise<void> {}
    }
    await using booted = await boot({
      providers: [{ provide: 'search', scope: Scope.REQUEST, useFactory: () => new Search() }],
    });
    await expect(booted.app.resolve('search')).rejects.toThrow(
      'Search.find @Cacheable: parameter 0 is a Products',
    );
  });
});

describe('a factory that is given the request', () => {
  class Orders {
    constructor(readonly user: unknown) {}

    @Cacheable()
    async list(): Promise<string> {
      return 'mine';
    }
  }
  const booting = (type: Type) =>
    boot({
      providers: [
        {
          provide: 'user',
          scope: Scope.REQUEST,
          inject: [REQUEST],
          useFactory: (from: object) => ({ from }),
        },
        {
          provide: 'orders',
          inject: ['user'],
          useFactory: (user: object) => Reflect.construct(type, [user]) as object,
        },
      ],
    });

  it('is refused at the first request when its objects would share answers among requests', async () => {
    await using booted = await booting(Orders);
    await expect(booted.app.resolve('orders')).rejects.toThrow(
      'Orders.list @Cacheable: Orders is made for each request and knows it',
    );
  });

  it('may make objects that say what tells requests apart', async () => {
    class Told extends Orders {
      toCacheKey(): string {
        return 'ann';
      }
    }
    await using booted = await booting(Told);
    const told = await booted.app.resolve<Told>('orders');
    expect([await told.list(), booted.cache.log]).toEqual(['mine', ["load Told/Orders.list('ann)"]]);
  });
});

describe('a method that a subclass overrides', () => {
  @Injectable()
  class Cheap extends Products {
    override async find(id: number): Promise<string> {
      return `cheap ${await super.find(id)}`;
    }
  }

  it('is cached where it calls the one it overrides', async () => {
    await using booted = await boot({ providers: [Cheap] });
    const cheap = booted.app.get(Cheap);
    expect([await cheap.find(1), await cheap.find(1)]).toEqual(['cheap product 1', 'cheap product 1']);
    expect(cheap.calls).toBe(1);
  });

  it('has a default key of its own, and does not wait for itself', async () => {
    class Repository {
      @Cacheable()
      async find(id: number): Promise<string> {
        return `row ${id}`;
      }
    }
    @Injectable()
    class Users extends Repository {
      @Cacheable()
      override async find(id: number): Promise<string> {
        return `user of ${await super.find(id)}`;
      }
    }
    await using booted = await boot({ providers: [Users] });
    expect(await booted.app.get(Users).find(1)).toBe('user of row 1');
    expect(booted.cache.log).toEqual(['load Users.find(1)', 'load Users/Repository.find(1)']);
  });

  it('is refused where both have one key, as it would wait for itself', async () => {
    @Injectable()
    class Dear extends Products {
      @Cacheable({ key: 'product:{0}' })
      override async find(id: number): Promise<string> {
        return `dear ${await super.find(id)}`;
      }
    }
    await expect(boot({ providers: [Dear] })).rejects.toThrow('Dear.find stores under the same keys');
  });
});

describe('a test', () => {
  it('may put a plain object, another class or a subclass in the place of a decorated provider', async () => {
    @Injectable()
    class Fake {
      async find(): Promise<string> {
        return 'fake';
      }
    }
    @Injectable()
    class Half extends Products {}
    const stand = async (override: (name: string) => { useValue?: object; useClass?: Type }) => {
      const cache = new RecordingCache();
      const building = Test.createTestingModule({
        imports: [MemcachedModule.forRoot()],
        providers: [Products],
      })
        .overrideProvider(MemcachedService)
        .useValue(cache)
        .overrideProvider(Products);
      const { useValue, useClass } = override('');
      const testing = await (
        useClass === undefined ? building.useValue(useValue) : building.useClass(useClass)
      ).compile();
      await testing.init();
      const found = await testing.get(Products).find(1);
      await testing.close();
      return [found, ...cache.log];
    };
    expect(await stand(() => ({ useValue: { find: async () => 'mock' } }))).toEqual(['mock']);
    expect(await stand(() => ({ useClass: Fake }))).toEqual(['fake']);
    expect(await stand(() => ({ useClass: Half }))).toEqual(['product 1', 'load product:1']);
    expect(await stand(() => ({ useValue: new Products() }))).toEqual(['product 1', 'load product:1']);
  });
});

describe('an object that a provider makes by itself', () => {
  const refused =
    'Products.find @Cacheable: Shop.products is a Products that no module has provided, so that none of its decorators ' +
    "would do anything; name the class in a module's 'providers' and have it injected";

  it('is refused when it has decorated methods, for they would do nothing', async () => {
    @Injectable()
    class Shop {
      readonly products = new Products();
      readonly others = [1];
      readonly nothing = null;
      readonly bare: unknown = Object.create(null);
    }
    await expect(boot({ providers: [Shop] })).rejects.toThrow(refused);
    // That the class is provided as well does not help this object.
    await expect(boot({ providers: [Shop, Products] })).rejects.toThrow(refused);
    await using off = await boot({ providers: [Shop] }, { decorators: { enabled: false } });
    expect(await callsOfTwo(off.app.get(Shop).products)).toBe(2);
  });

  it('is refused in a module that is loaded later', async () => {
    @Injectable()
    class Shop {
      readonly products = new Products();
    }
    @Module({ providers: [Shop] })
    class Later {}
    await using booted = await boot({});
    const loading = booted.app.get(LazyModuleLoader).load(() => Later);
    await expect(loading).rejects.toThrow(refused);
  });

  it('is fine when it was injected, made by ModuleRef.create, or is held by what a test put there', async () => {
    @Injectable()
    class Shop {
      created: Products | undefined;

      constructor(
        readonly products: Products,
        readonly modules: ModuleRef,
      ) {}

      async onModuleInit(): Promise<void> {
        this.created = await this.modules.create(Products);
      }
    }
    await using booted = await boot({
      providers: [Products, Shop, { provide: 'stand-in', useValue: { products: new Products() } }],
    });
    const { created, products } = booted.app.get(Shop);
    await products.find(1);
    expect(await callsOfTwo(created as Products)).toBe(0);
  });
});

describe('an object that nobody has connected', () => {
  const warnings: string[] = [];
  const listen = (): void => {
    const silent = (): void => undefined;
    Logger.overrideLogger({ log: silent, error: silent, warn: (line: string) => void warnings.push(line) });
  };

  afterEach(() => Logger.overrideLogger(false));

  it('is told of once, at its first call while an application runs', async () => {
    class Left extends Products {}
    const left = new Left();
    listen();
    await left.find(1);
    expect(warnings).toEqual([]);
    {
      await using _ = await boot({ providers: [Products] });
      listen();
      expect(await callsOfTwo(left)).toBe(3);
      await new Left().find(1);
      expect(warnings).toEqual([
        "Products.find @Cacheable does nothing on a Left that no module has provided; name the class in a module's " +
          "'providers' and have it injected.",
      ]);
    }
    class Right extends Products {}
    await new Right().find(1);
    expect(warnings).toHaveLength(1);
  });
});

describe('hot reload', () => {
  /** The same source, evaluated again. */
  const evaluate = (): Type<Products> => {
    @Injectable()
    class Shop extends Products {
      @CacheEvict({ key: 'shop' })
      async close(): Promise<void> {}

      @Cacheable()
      override async find(id: number): Promise<string> {
        return super.find(id);
      }
    }
    return Shop;
  };

  it('takes classes that were evaluated again for the same ones', async () => {
    for (const _ of ['first', 'second']) {
      const Shop = evaluate();
      await using booted = await boot({ providers: [Shop] });
      expect(await callsOfTwo(booted.app.get(Shop))).toBe(1);
      expect(booted.cache.log[0]).toBe('load Shop.find(1)');
    }
  });

  it('connects an object that outlives its application to the next one', async () => {
    const given = new Products();
    const metadata = { providers: [{ provide: 'given', useValue: given }] };
    {
      await using first = await boot(metadata);
      await given.find(1);
      expect(first.cache.log).toEqual(['load product:1']);
    }
    await using second = await boot(metadata);
    await given.find(1);
    expect(second.cache.log).toEqual(['load product:1']);
  });

  it('leaves an object with the application that connected it, while that one runs', async () => {
    await using first = await boot({ providers: [Products] });
    const products = first.app.get(Products);
    await using second = await boot({ providers: [{ provide: 'given', useValue: products }] });
    await products.find(1);
    expect([first.cache.log, second.cache.log]).toEqual([['load product:1'], []]);
  });
});

describe('ModuleRef.create', () => {
  it('connects objects in modules that see the MemcachedModule', async () => {
    @Injectable()
    class Workshop {
      constructor(readonly modules: ModuleRef) {}
    }
    @Module({ providers: [Workshop] })
    class WorkshopModule {}
    await using booted = await boot({ imports: [WorkshopModule] });
    expect(await callsOfTwo(await booted.app.get(Workshop).modules.create(Products))).toBe(1);
  });
});

describe('a serialized class', () => {
  class Account {
    readonly id: number;

    @Exclude()
    readonly password = 'secret';

    constructor(id: number) {
      this.id = id;
    }
  }

  @Controller('accounts')
  class Accounts {
    calls = 0;

    @Get(':id')
    @UseInterceptors(ClassSerializerInterceptor)
    @Cacheable({ key: 'account:{0}' })
    async find(@Param('id', ParseIntPipe) id: number): Promise<Account> {
      this.calls += 1;
      return new Account(id);
    }
  }

  let app: INestApplication | undefined;
  let server: MemcachedServer | undefined;

  afterEach(async () => {
    await app?.close();
    await server?.close();
  });

  it('hides from a hit what it hides from a miss, when the codec knows the class', async () => {
    server = await MemcachedServer.start();
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address, codec: { types: { Account } } })],
      controllers: [Accounts],
    }).compile();
    app = testing.createNestApplication({ logger: false });
    await app.init();
    for (const _ of ['miss', 'hit']) {
      await request(app.getHttpServer() as never)
        .get('/accounts/1')
        .expect(200, { id: 1 });
    }
    expect(app.get(Accounts).calls).toBe(1);
  });

  it('is not stored, rather than stored without its class, when the codec does not', async () => {
    server = await MemcachedServer.start();
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address })],
      controllers: [Accounts],
    }).compile();
    app = testing.createNestApplication({ logger: false });
    await app.init();
    const responses = [1, 2].map(() => request(app?.getHttpServer() as never).get('/accounts/1'));
    for (const { text } of await Promise.all(responses)) expect(text).not.toContain('secret');
    expect(await app.get(MemcachedService).get('account:1')).toBeUndefined();
  });
});
