import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Param,
  Res,
  Scope,
  type ModuleMetadata,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { CacheBatch, Cacheable, CacheEvict, MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';

/** What refuses an application; undefined where it starts. */
async function refusal(metadata: ModuleMetadata): Promise<string | undefined> {
  try {
    const testing = await Test.createTestingModule(metadata).compile();
    try {
      await testing.init();
    } finally {
      await testing.close();
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const withModule = (metadata: ModuleMetadata): ModuleMetadata => ({
  imports: [MemcachedModule.forRoot({ isGlobal: true, decorators: { unprovided: 'ignore' } })],
  ...metadata,
});

class Base {
  @Cacheable({ key: 'base:{0}' })
  async find(id: string): Promise<string> {
    return id;
  }
}

@Injectable()
class Counted {
  ran = 0;

  @Cacheable({ key: 'counted:{0}' })
  async find(_id: number): Promise<number> {
    this.ran += 1;
    return this.ran;
  }

  @CacheEvict({ key: 'counted:{0}' })
  async change(_id: number): Promise<string> {
    return 'changed';
  }
}

describe('sound programs start', () => {
  it('with subclasses that override, plainly or with keys of their own', async () => {
    @Injectable()
    class Plain extends Base {
      override async find(id: string): Promise<string> {
        return `plain ${id}`;
      }
    }
    @Injectable()
    class Other extends Base {
      @Cacheable({ key: 'other:{0}' })
      override async find(id: string): Promise<string> {
        return `other ${id}`;
      }
    }
    @Injectable()
    class Third extends Base {
      override async find(id: string): Promise<string> {
        return `third ${id}`;
      }
    }
    expect(await refusal(withModule({ providers: [Plain, Other, Third] }))).toBeUndefined();
  });

  it('but not with brothers that reach an inherited method by super', async () => {
    @Injectable()
    class One extends Base {
      override async find(id: string): Promise<string> {
        return super.find(id);
      }
    }
    @Injectable()
    class Two extends Base {}
    expect(await refusal(withModule({ providers: [One, Two] }))).toContain('One and Two both inherit it');
  });

  it('with a route that overrides a cached one and sends its response itself', async () => {
    abstract class Reading {
      @Get(':id')
      @Cacheable()
      async find(@Param('id') id: string): Promise<unknown> {
        return id;
      }
    }
    @Controller('a')
    class A extends Reading {}
    @Controller('b')
    class B extends Reading {
      @Get(':id')
      override async find(@Param('id') id: string, @Res() response?: any): Promise<unknown> {
        return response.json(id);
      }
    }
    expect(await refusal(withModule({ controllers: [A, B] }))).toBeUndefined();
  });

  it('with an object that is kept uncached on purpose', async () => {
    @Injectable()
    class Keeper {
      readonly uncached = new Counted();
    }
    expect(await refusal(withModule({ providers: [Counted, Keeper] }))).toBeUndefined();
  });

  it('with objects that are frozen', async () => {
    @Injectable()
    class Frozen extends Counted {
      constructor() {
        super();
        Object.freeze(this);
      }
    }
    const given = Object.freeze(new Counted());
    expect(await refusal(withModule({ providers: [Frozen] }))).toBeUndefined();
    expect(await refusal(withModule({ providers: [{ provide: Counted, useValue: given }] }))).toBeUndefined();
  });
});

describe('unsound programs do not start', () => {
  class Api {
    constructor(protected readonly base: string) {}

    @Cacheable()
    async get(path: string): Promise<string> {
      return this.base + path;
    }
  }

  class Remote {
    constructor(state: object) {
      Object.assign(this, state);
    }

    @Cacheable({ key: 'remote:{0}' })
    async get(path: string): Promise<string> {
      return path;
    }

    @CacheBatch({ key: 'remotes:{0}', returns: 'map' })
    async many(paths: readonly string[]): Promise<Map<string, string>> {
      return new Map(paths.map((path) => [path, path]));
    }

    @Cacheable({ key: 'common:{0}', sharedKey: true })
    async common(path: string): Promise<string> {
      return path;
    }

    @CacheBatch({ key: 'common:many:{0}', returns: 'map', sharedKey: true })
    async commonMany(paths: readonly string[]): Promise<Map<string, string>> {
      return this.many(paths);
    }
  }

  it('with two objects of one class that are made in different ways', async () => {
    const providers = ['a', 'b'].map((name) => ({ provide: name, useFactory: () => new Api(name) }));
    expect(await refusal(withModule({ providers }))).toContain(
      'Api.get @Cacheable: two objects of Api are made in different ways and share their keys',
    );
  });

  it.each<[string, object, object, string]>([
    ['a text', { base: 'a' }, { base: 'b' }, 'base'],
    ['their options', { options: { urls: ['a'] } }, { options: { urls: ['b'] } }, 'options.urls.0'],
    ['what only one has', { options: undefined }, { options: { url: 'b' } }, 'options'],
    ['the class of what they hold', { source: new Date(0) }, { source: new Map() }, 'source'],
  ])('with two objects of one class that differ in %s, and one key', async (_what, one, other, path) => {
    const providers = [one, other].map((state, index) => ({
      provide: `remote${index}`,
      useFactory: () => new Remote(state),
    }));
    expect((await refusal(withModule({ providers })))?.split('\n')).toEqual([
      expect.stringContaining(
        `Remote.get @Cacheable: two objects of Remote differ in '${path}' and share their keys`,
      ),
      expect.stringContaining(`Remote.many @CacheBatch: two objects of Remote differ in '${path}'`),
    ]);
  });

  it('but with such objects that look the same', async () => {
    const providers = [{ seen: { at: new Date(0) } }, { seen: { at: new Date(1) }, log: undefined }].map(
      (state, index) => ({ provide: `remote${index}`, useFactory: () => new Remote(state) }),
    );
    expect(await refusal(withModule({ providers }))).toBeUndefined();
  });

  it('but with one class in two modules, or objects that say what tells them apart', async () => {
    class Named extends Api {
      toCacheKey(): string {
        return this.base;
      }
    }
    @Injectable()
    class Twice {
      @Cacheable()
      async find(): Promise<number> {
        return 1;
      }
    }
    @Module({ providers: [Twice] })
    class One {}
    @Module({ providers: [Twice] })
    class Other {}
    const server = await MemcachedServer.start();
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address, isGlobal: true }), One, Other],
      providers: ['a', 'b'].map((name) => ({ provide: name, useFactory: () => new Named(name) })),
    }).compile();
    await testing.init();
    const answers = ['a', 'b'].map((name) => testing.get<Named>(name).get('/x'));
    expect(await Promise.all(answers)).toEqual(['a/x', 'b/x']);
    await testing.close();
    await server.close();
  });

  it('with an object that knows its request, and a key that does not', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Orders {
      constructor(@Inject(REQUEST) protected readonly request: unknown) {}

      @Cacheable()
      async list(): Promise<string> {
        return 'mine';
      }

      @Cacheable({ key: 'orders:of:{0}' })
      async of(id: number): Promise<number> {
        return id;
      }

      @Cacheable({ key: 'orders:all', sharedBetweenRequests: true })
      async all(): Promise<string> {
        return 'all';
      }

      @Cacheable({ key: 'orders:mine', varyBy: [() => 'ann'] })
      async mine(): Promise<string> {
        return 'mine';
      }
    }
    const lines = (await refusal(withModule({ providers: [Orders] })))?.split('\n');
    expect(lines).toEqual([
      expect.stringContaining('Orders.list @Cacheable: Orders is made for each request and knows it'),
      expect.stringContaining('Orders.of @Cacheable: Orders is made for each request and knows it'),
    ]);
  });

  it.each<[string, ModuleMetadata, string]>([
    [
      'the module without options',
      { imports: [MemcachedModule], providers: [Counted] },
      'MemcachedModule.forRoot(',
    ],
    [
      'a factory that returns nothing',
      { imports: [MemcachedModule.forRootAsync({ useFactory: () => undefined as never })] },
      'the factory returned undefined',
    ],
    [
      'two modules without a name that differ',
      {
        imports: [MemcachedModule.forRoot({ keyPrefix: 'a:' }), MemcachedModule.forRoot({ keyPrefix: 'b:' })],
      },
      'keyPrefix: differs between two MemcachedModules without a name in one application',
    ],
    [
      'two modules that differ in a part of an option, and have others that are not given',
      {
        imports: [
          MemcachedModule.forRoot({ keyPrefix: undefined, cache: { grace: undefined, ttl: '1m' } }),
          MemcachedModule.forRoot({ cache: { ttl: '2m' } }),
        ],
      },
      'cache.ttl: differs between two MemcachedModules without a name in one application',
    ],
  ])('with %s', async (_what, metadata, message) => {
    expect(await refusal(metadata)).toContain(message);
  });
});

describe('feature modules with the same options', () => {
  it('have one service, and one cache, whether an option is undefined or left out', async () => {
    const server = await MemcachedServer.start();
    const feature = (name: string, options: object): object => {
      @Module({
        imports: [MemcachedModule.forRoot({ servers: server.address, ...options })],
        providers: [{ provide: name, useExisting: MemcachedService }, Counted],
        exports: [name],
      })
      class Feature {}
      return Feature;
    };
    const testing = await Test.createTestingModule({
      imports: [
        feature('one', { cache: { ttl: '1m', grace: undefined }, decorators: undefined }),
        feature('other', { keyPrefix: undefined, cache: { ttl: '1m' } }),
      ] as never,
    }).compile();
    await testing.init();
    expect(testing.get('one')).toBe(testing.get('other'));
    await testing.close();
    await server.close();
  });
});

describe('in tests of users', () => {
  const servers = '127.0.0.1:1';
  const calls = async (counted: Counted): Promise<unknown[]> => [
    await counted.find(1),
    await counted.change(1),
  ];

  it.each<[string, object]>([
    ['has no method of the cache', { get: async () => undefined, set: async () => undefined }],
    [
      'has every method, and answers nothing',
      new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : () => undefined) }),
    ],
    [
      'is of its class, with stubs',
      Object.assign(Object.create(MemcachedService.prototype) as object, {
        getOrSet: () => undefined,
        invalidate: () => undefined,
      }),
    ],
  ])('a double in the place of the service that %s leaves methods plain', async (_what, double) => {
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers })],
      providers: [Counted],
    })
      .overrideProvider(MemcachedService)
      .useValue(double)
      .compile();
    await testing.init();
    expect(await calls(testing.get(Counted))).toEqual([1, 'changed']);
    await testing.close().catch(() => undefined);
  });

  it('automatic mocks leave methods plain', async () => {
    const testing = await Test.createTestingModule({ providers: [Counted] })
      .useMocker(() => new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : () => undefined) }))
      .compile();
    expect(await calls(testing.get(Counted))).toEqual([1, 'changed']);
  });

  it('a fake on a Map works, and so does a subclass', async () => {
    const values = new Map<string, unknown>();
    const fake = {
      async getOrSet(key: string, load: () => unknown) {
        if (!values.has(key)) values.set(key, await load());
        return values.get(key);
      },
      async invalidate(key: string) {
        values.delete(key);
      },
    };
    class Own extends MemcachedService {}
    const building = () =>
      Test.createTestingModule({
        imports: [MemcachedModule.forRoot({ servers })],
        providers: [Counted],
      }).overrideProvider(MemcachedService);
    const faked = await building().useValue(fake).compile();
    await faked.init();
    const counted = faked.get(Counted);
    expect([
      await counted.find(1),
      await counted.find(1),
      await counted.change(1),
      await counted.find(1),
    ]).toEqual([1, 1, 'changed', 2]);
    await faked.close();
    const own = await building().useClass(Own).compile();
    await own.init();
    expect(own.get(MemcachedService)).toBeInstanceOf(Own);
    await own.close();
  });
});
