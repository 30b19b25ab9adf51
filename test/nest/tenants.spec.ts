import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Param, Scope } from '@nestjs/common';
import {
  type ContextId,
  ContextIdFactory,
  type ContextIdResolver,
  type ContextIdStrategy,
  REQUEST,
} from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import { isDeepStrictEqual } from 'node:util';
import { Cacheable, CacheBatch, CacheDefaults, MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { httpApp, PLATFORMS } from './support/http-apps.js';

// The package is CommonJS and requires parts of Nest, which are ES modules; Jest cannot on Node below 24.9.
for (const part of [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/core/injector/injector',
  '@nestjs/core/errors/exceptions/unknown-dependencies.exception',
]) {
  const loaded: unknown = await import(part);
  jest.mock(part, () => loaded);
}
const { ClsServiceManager } = await import('nestjs-cls');

const PATIENT = { commandTimeout: '30s', connectTimeout: '30s' } as const;

/** How an application may keep the tenant of a request. */
interface Tenancy {
  run<T>(tenant: string, work: () => Promise<T>): Promise<T>;
  current(): string | undefined;
}

const requests = new AsyncLocalStorage<{ readonly tenant: string }>();

const TENANCIES: Record<string, Tenancy> = {
  AsyncLocalStorage: {
    run: (tenant, work) => requests.run({ tenant }, work),
    current: () => requests.getStore()?.tenant,
  },
  'nestjs-cls': {
    run: (tenant, work) => ClsServiceManager.getClsService().runWith({ tenant } as never, work),
    current: () => ClsServiceManager.getClsService().get<string | undefined>('tenant'),
  },
};

/** What a method was called for: the tenant of its context, before and after it has waited. */
interface Loaded {
  readonly id: number;
  readonly tenant: string | undefined;
  readonly round: number;
}

describe.each(Object.entries(TENANCIES))('two tenants in one process, told apart by %s', (_name, tenancy) => {
  const loads: Loaded[] = [];
  let round = 0;

  const load = async (id: number): Promise<Loaded> => {
    const before = tenancy.current();
    await new Promise(setImmediate);
    expect(tenancy.current()).toBe(before);
    const loaded = { id, tenant: before, round };
    loads.push(loaded);
    return loaded;
  };

  @CacheDefaults({ varyBy: ['tenant'], ttl: '10s' })
  @Injectable()
  class Prices {
    @Cacheable({ key: 'grace:{0}', grace: '1h' })
    async grace(id: number): Promise<Loaded> {
      return load(id);
    }

    @Cacheable({ key: 'ahead:{0}', refreshAhead: 0.5 })
    async ahead(id: number): Promise<Loaded> {
      return load(id);
    }

    @Cacheable({ key: 'soft:{0}', tags: ['prices'] })
    async soft(id: number): Promise<Loaded> {
      return load(id);
    }

    @CacheBatch({ key: 'batch:{0}', grace: '1h' })
    async batch(ids: readonly number[]): Promise<Loaded[]> {
      return Promise.all(ids.map(load));
    }
  }

  /** An application on a server whose time the test moves. */
  async function start() {
    let passedMs = 0;
    const server = await MemcachedServer.start({ now: () => Date.now() + passedMs });
    const module = await Test.createTestingModule({
      imports: [
        MemcachedModule.forRoot({
          ...PATIENT,
          servers: server.address,
          cache: { lease: '30s' },
          decorators: { varyBy: { tenant: tenancy.current } },
        }),
      ],
      providers: [Prices],
    }).compile();
    await module.init();
    const prices = module.get(Prices);
    return {
      module,
      prices,
      passes: (ms: number) => void (passedMs += ms),
      /** Both tenants ask at once. */
      ask: <T>(call: () => Promise<T>) => Promise.all([tenancy.run('acme', call), tenancy.run('zeta', call)]),
      [Symbol.asyncDispose]: async () => {
        await module.close();
        await server.close();
      },
    };
  }

  beforeEach(() => {
    loads.length = 0;
    round = 0;
  });

  const cases: [
    string,
    keyof Prices & ('grace' | 'ahead' | 'soft'),
    (app: Awaited<ReturnType<typeof start>>) => unknown,
  ][] = [
    ['within the grace', 'grace', (app) => app.passes(12_000)],
    ['ahead of the expiry', 'ahead', (app) => app.passes(7000)],
    [
      'after a soft invalidation',
      'soft',
      (app) => app.module.get(MemcachedService).invalidateTags('prices', { soft: '1h' }),
    ],
  ];

  it.each(cases)('each get what is theirs refreshed behind a response %s', async (_when, method, age) => {
    await using app = await start();
    const call = () => app.prices[method](7);
    await app.ask(call);
    round = 1;
    await age(app);
    expect(await app.ask(call)).toEqual([
      { id: 7, tenant: 'acme', round: 0 },
      { id: 7, tenant: 'zeta', round: 0 },
    ]);
    await eventually(
      () => app.ask(call),
      [
        { id: 7, tenant: 'acme', round: 1 },
        { id: 7, tenant: 'zeta', round: 1 },
      ],
    );
    expect(loads.filter(({ tenant }) => tenant === 'acme')).toHaveLength(2);
    expect(loads.filter(({ tenant }) => tenant === 'zeta')).toHaveLength(2);
  });

  it('never meet in one call of a batch, at first or behind a response', async () => {
    await using app = await start();
    const call = () => app.prices.batch([1, 2]);
    const rows = (tenant: string) => [1, 2].map((id) => ({ id, tenant, round }));
    expect(await app.ask(call)).toEqual([rows('acme'), rows('zeta')]);
    const old = [rows('acme'), rows('zeta')];
    round = 1;
    app.passes(12_000);
    expect(await app.ask(call)).toEqual(old);
    await eventually(() => app.ask(call), [rows('acme'), rows('zeta')]);
    expect(loads.every(({ tenant }) => tenant !== undefined)).toBe(true);
  });
});

describe('a transaction that has ended before the refresh behind its response', () => {
  it('fails that refresh alone: the stale value stays, and the next refresh has a context of its own', async () => {
    let passedMs = 0;
    const transactions = new AsyncLocalStorage<{ open: boolean }>();
    let proceed!: () => void;
    let gate: Promise<unknown> = Promise.resolve();
    let runs = 0;

    @Injectable()
    class Stock {
      @Cacheable({ key: 'stock:{0}', ttl: '10s', grace: '1h', retryAfter: 0 })
      async of(_id: number): Promise<number> {
        runs += 1;
        const run = runs;
        await gate;
        if (transactions.getStore()?.open !== true) throw new Error('the transaction has ended');
        return run;
      }
    }
    await using server = await MemcachedServer.start({ now: () => Date.now() + passedMs });
    const module = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ ...PATIENT, servers: server.address, cache: { lease: '30s' } })],
      providers: [Stock],
    }).compile();
    await module.init();
    const stock = module.get(Stock);
    const within = async <T>(work: () => Promise<T>): Promise<T> => {
      const transaction = { open: true };
      try {
        return await transactions.run(transaction, work);
      } finally {
        transaction.open = false;
      }
    };
    try {
      expect(await within(() => stock.of(7))).toBe(1);
      passedMs = 12_000;
      gate = new Promise<void>((resolve) => (proceed = resolve));
      expect(await within(() => stock.of(7))).toBe(1);
      await until(() => runs === 2);
      proceed();
      const { counters } = module.get(MemcachedService);
      expect(counters.refresh).toBe(1);
      await until(() => module.get(MemcachedService).counters.loadFailure === 1);
      // Waits for the next refresh within its transaction.
      await within(() => eventually(() => stock.of(7), runs + 1));
    } finally {
      await module.close();
    }
  });
});

describe.each(PLATFORMS)('a provider that is made for each request, on %s', (platform) => {
  it('is refreshed behind the response of each tenant from the request that asked', async () => {
    let passedMs = 0;
    const loads: string[] = [];
    const tenantOf = (request: { headers: Record<string, string> }): string => request.headers['x-tenant'];

    @Injectable({ scope: Scope.REQUEST })
    class Catalog {
      constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, string> }) {}

      @Cacheable({ key: 'item:{0}', ttl: '10s', grace: '1h', varyBy: ['tenant'] })
      async item(id: string): Promise<string> {
        await new Promise(setImmediate);
        loads.push(tenantOf(this.request));
        return `${id} of ${tenantOf(this.request)}, ${passedMs === 0 ? 'first' : 'refreshed'}`;
      }
    }
    @Controller()
    class Shop {
      constructor(private readonly catalog: Catalog) {}

      @Get('items/:id')
      item(@Param('id') id: string): Promise<string> {
        return this.catalog.item(id);
      }
    }
    await using clocked = await MemcachedServer.start({ now: () => Date.now() + passedMs });
    await using web = await httpApp(platform, {
      controllers: [Shop],
      providers: [Catalog],
      memcached: {
        servers: clocked.address,
        decorators: { varyBy: { tenant: () => requests.getStore()?.tenant } },
      },
      prepare: (app) =>
        app.use((request: { headers: Record<string, string> }, _response: object, next: () => void) =>
          requests.run({ tenant: tenantOf(request) }, next),
        ),
    });
    const ask = async (): Promise<string[]> => {
      const answers = await Promise.all(
        ['acme', 'zeta'].map((tenant) => web.get('/items/7', { 'x-tenant': tenant })),
      );
      return answers.map(({ text }) => text);
    };
    expect(await ask()).toEqual(['7 of acme, first', '7 of zeta, first']);
    passedMs = 12_000;
    expect(await ask()).toEqual(['7 of acme, first', '7 of zeta, first']);
    await eventually(ask, ['7 of acme, refreshed', '7 of zeta, refreshed']);
    expect(loads.filter((tenant) => tenant === 'acme')).toHaveLength(2);
    expect(loads).toHaveLength(4);
  });
});

/** Asks until the answer is this. */
async function eventually(ask: () => Promise<unknown>, answer: unknown): Promise<void> {
  while (!isDeepStrictEqual(await ask(), answer)) await new Promise(setImmediate);
}

/** Lets the event loop turn until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

describe.each(PLATFORMS)('a provider that says what tells its requests apart, on %s', (platform) => {
  it('starts without a key, keeps them apart, and runs uncached for nobody', async () => {
    let runs = 0;

    @Injectable({ scope: Scope.REQUEST })
    class Basket {
      constructor(
        @Inject(REQUEST) private readonly request: { headers: Record<string, string | undefined> },
      ) {}

      toCacheKey(): string | undefined {
        return this.request.headers['x-user'];
      }

      @Cacheable({ ttl: '1m' })
      async list(): Promise<string> {
        runs += 1;
        return `${this.request.headers['x-user']} ${runs}`;
      }
    }
    @Controller('basket')
    class Shop {
      constructor(private readonly basket: Basket) {}

      @Get()
      list(): Promise<string> {
        return this.basket.list();
      }
    }
    await using web = await httpApp(platform, { controllers: [Shop], providers: [Basket] });
    const texts: string[] = [];
    for (const user of ['ann', 'bob', 'ann', undefined, undefined]) {
      texts.push((await web.get('/basket', user === undefined ? {} : { 'x-user': user })).text);
    }
    expect(texts).toEqual(['ann 1', 'bob 2', 'ann 1', 'undefined 3', 'undefined 4']);
    expect(web.warnings).toEqual([expect.stringContaining('Basket.list @Cacheable: toCacheKey()')]);
  });
});

/** One tree of durable providers for each tenant, as Nest's documentation shows it. */
class ByTenant implements ContextIdStrategy {
  readonly #trees = new Map<string, ContextId>();

  attach(contextId: ContextId, { headers }: { headers: Record<string, string> }): ContextIdResolver {
    const tenant = headers['x-tenant'];
    const tree = this.#trees.get(tenant) ?? ContextIdFactory.create();
    this.#trees.set(tenant, tree);
    return { resolve: ({ isTreeDurable }) => (isTreeDurable ? tree : contextId), payload: { tenant } };
  }
}

describe.each(PLATFORMS)('a durable provider on %s', (platform) => {
  afterEach(() => ContextIdFactory.apply({ attach: (contextId: ContextId) => () => contextId }));

  it('is one for each tenant, and so are its values', async () => {
    let made = 0;
    let runs = 0;

    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Prices {
      constructor(@Inject(REQUEST) private readonly request: { tenant: string }) {
        made += 1;
      }

      toCacheKey(): string {
        return this.request.tenant;
      }

      @Cacheable({ ttl: '1m' })
      async of(id: string): Promise<string> {
        runs += 1;
        return `${id} for ${this.request.tenant} ${runs}`;
      }
    }
    @Controller('prices')
    class Shop {
      constructor(private readonly prices: Prices) {}

      @Get(':id')
      of(@Param('id') id: string): Promise<string> {
        return this.prices.of(id);
      }
    }
    ContextIdFactory.apply(new ByTenant());
    await using web = await httpApp(platform, { controllers: [Shop], providers: [Prices] });
    const texts: string[] = [];
    for (const tenant of ['acme', 'beta', 'acme', 'beta']) {
      texts.push((await web.get('/prices/7', { 'x-tenant': tenant })).text);
    }
    expect(texts).toEqual(['7 for acme 1', '7 for beta 2', '7 for acme 1', '7 for beta 2']);
    expect(made).toBe(2);
  });
});
