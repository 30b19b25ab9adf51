import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, mixin, Module, Scope, type Type } from '@nestjs/common';
import { ContextIdFactory, LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  Cacheable,
  CacheDefaults,
  CacheEvict,
  getMemcachedToken,
  HttpCache,
  InjectMemcached,
  MemcachedModule,
  MemcachedService,
} from '../../lib/index.js';
import { boot } from './support/boot.js';
import { Products } from './support/products.js';
import { RecordingCache } from './support/recording-cache.js';

describe('a decorated provider', () => {
  it('is cached when called from outside and from within', async () => {
    await using booted = await boot({ providers: [Products] });
    const products = booted.app.get(Products);
    await products.findTwice(1);
    await products.find(1);
    expect(products.calls).toBe(1);
  });

  it('is the plain class when it is made by hand, or in an application without the module', async () => {
    const byHand = new Products();
    await byHand.findTwice(1);
    const testing = await Test.createTestingModule({ providers: [Products] }).compile();
    await testing.init();
    await testing.get(Products).findTwice(1);
    expect([byHand.calls, testing.get(Products).calls]).toEqual([2, 2]);
    await testing.close();
  });

  it('works request-scoped and transient', async () => {
    @CacheDefaults({ prefix: 'request:' })
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Products {}
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Products {}
    @Controller()
    class Shop {
      constructor(
        private readonly perRequest: PerRequest,
        private readonly transient: Transient,
      ) {}

      @Get()
      async answer(): Promise<number[]> {
        await Promise.all([this.perRequest.findTwice(1), this.transient.findTwice(2)]);
        return [this.perRequest.calls, this.transient.calls];
      }
    }
    await using booted = await boot({ controllers: [Shop], providers: [PerRequest, Transient] });
    const server = booted.app.getHttpServer() as never;
    await request(server).get('/').expect(200, [1, 1]);
    await request(server).get('/').expect(200, [0, 0]);
    const contextId = ContextIdFactory.create();
    const resolved = await booted.app.resolve(PerRequest, contextId);
    await resolved.find(1);
    expect(resolved.calls).toBe(0);
  });

  it('works when it was made by a factory, given as a value, aliased, or made by ModuleRef.create', async () => {
    const given = new Products();
    await using booted = await boot({
      providers: [
        { provide: 'made', useFactory: async () => new Products() },
        { provide: 'given', useValue: given },
        { provide: 'alias', useExisting: 'made' },
        { provide: 'nothing', useValue: undefined },
        { provide: 'text', useValue: 'text' },
      ],
    });
    const made = booted.app.get<Products>('made');
    await made.findTwice(1);
    await given.findTwice(2);
    expect([made.calls, given.calls]).toEqual([1, 1]);
    const created = await booted.app.get(ModuleRef).create(Products);
    await created.findTwice(3);
    expect(created.calls).toBe(1);
  });

  it('works in subclasses, abstract classes and mixins', async () => {
    abstract class Repository {
      calls = 0;
      abstract readonly table: string;

      @Cacheable()
      async find(id: number): Promise<string> {
        this.calls += 1;
        return `${this.table} ${id}`;
      }
    }
    @Injectable()
    class Users extends Repository {
      readonly table = 'users';
    }
    @Injectable()
    class Orders extends Repository {
      readonly table = 'orders';

      @CacheEvict({ key: 'orders' })
      async cancel(_id: number): Promise<void> {}
    }
    const RepositoryOf = (table: string): Type<Repository> => {
      class Mixed extends Repository {
        readonly table = table;
      }
      return mixin(Mixed);
    };
    const Invoices = RepositoryOf('invoices');
    await using booted = await boot({ providers: [Users, Orders, Invoices] });
    const all = [booted.app.get(Users), booted.app.get(Orders), booted.app.get(Invoices)];
    for (const _ of ['miss', 'hit']) {
      expect(await Promise.all(all.map((repository) => repository.find(1)))).toEqual([
        'users 1',
        'orders 1',
        'invoices 1',
      ]);
    }
    expect(all.map((repository) => repository.calls)).toEqual([1, 1, 1]);
    await booted.app.get(Orders).cancel(1);
    expect(booted.cache.log.at(-1)).toBe('invalidate orders');
  });

  it('works in modules that are loaded later', async () => {
    @Module({ providers: [Products] })
    class Later {}
    await using booted = await boot({});
    const module = await booted.app.get(LazyModuleLoader).load(() => Later);
    const products = module.get(Products);
    await products.findTwice(1);
    expect(products.calls).toBe(1);
  });

  it('keeps two applications in one process apart', async () => {
    await using one = await boot({ providers: [Products] });
    await using other = await boot({ providers: [Products] });
    await one.app.get(Products).find(1);
    expect(other.cache.log).toEqual([]);
    await other.app.get(Products).find(1);
    expect([one.cache.log, other.cache.log]).toEqual([['load product:1'], ['load product:1']]);
  });

  it('uses the instance it names, beside the one without a name', async () => {
    @Injectable()
    class Visits {
      constructor(
        @InjectMemcached('sessions') readonly sessions: MemcachedService,
        readonly memcached: MemcachedService,
        @Inject(getMemcachedToken()) readonly same: MemcachedService,
      ) {}

      @CacheEvict({ key: 'visits' })
      @Cacheable({ key: 'visits:{0}', name: 'sessions' })
      async of(_user: string): Promise<number> {
        return 1;
      }
    }
    const [named, unnamed] = [new RecordingCache(), new RecordingCache()];
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ name: 'sessions' }), MemcachedModule.forRoot()],
      providers: [Visits],
    })
      .overrideProvider(getMemcachedToken('sessions'))
      .useValue(named)
      .overrideProvider(MemcachedService)
      .useValue(unnamed)
      .compile();
    await testing.init();
    const visits = testing.get(Visits);
    expect([visits.sessions, visits.memcached, visits.same]).toEqual([named, unnamed, unnamed]);
    await visits.of('ann');
    expect([named.log, unnamed.log]).toEqual([['load visits:ann'], ['invalidate visits']]);
    await testing.close();
  });

  it('is connected in modules that import nothing, from a module that is not global', async () => {
    @Module({ providers: [Products], exports: [Products] })
    class ProductsModule {}
    const cache = new RecordingCache();
    const testing = await Test.createTestingModule({ imports: [MemcachedModule.forRoot(), ProductsModule] })
      .overrideProvider(MemcachedService)
      .useValue(cache)
      .compile();
    await testing.init();
    await testing.get(Products).find(1);
    expect(cache.log).toEqual(['load product:1']);
    await testing.close();
  });

  it('is the plain method where a test puts nothing in the place of the service', async () => {
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot()],
      providers: [Products],
    })
      .overrideProvider(MemcachedService)
      .useValue(null)
      .compile();
    await testing.init();
    await expect(testing.get(Products).find(1)).resolves.toBe('product 1');
    await testing.close();
  });

  it.each([
    [undefined, "there is no MemcachedModule without a name; say which one is meant by name: 'sessions'"],
    [
      'sesions',
      "there is no MemcachedModule with the name 'sesions'; import one, or mend the decorator's 'name'",
    ],
  ])('tells a route whose cache has the name %s likewise, and so a controller', async (name, missing) => {
    @Controller('marked')
    class Marked {
      @Get()
      @HttpCache({ audience: 'everyone', name })
      list() {
        return [];
      }
    }
    @Controller('class')
    @HttpCache({ audience: 'everyone', name })
    class OfClass {
      @Get()
      list() {
        return [];
      }
    }
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ name: 'sessions', isGlobal: true })],
      controllers: [Marked, OfClass],
    }).compile();
    await expect(testing.init()).rejects.toThrow(
      `Marked.list @HttpCache: ${missing}\nOfClass @HttpCache: ${missing}`,
    );
    await testing.close();
  });

  it('tells a decorator without an instance which one is there, if only a named one is', async () => {
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ name: 'sessions', isGlobal: true })],
      providers: [Products],
    }).compile();
    await expect(testing.init()).rejects.toThrow(
      "Products.find @Cacheable: there is no MemcachedModule without a name; say which one is meant by name: 'sessions'",
    );
    await testing.close();
  });
});
