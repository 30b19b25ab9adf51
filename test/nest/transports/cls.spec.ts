import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Param } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ClsService as Cls } from 'nestjs-cls';
import request from 'supertest';
import { Cacheable, CacheDefaults, MemcachedModule } from '../../../lib/index.js';
import { onEmbeddedServer } from '../support/embedded.js';

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
const { ClsModule, ClsService, ClsServiceManager, InjectableProxy } = await import('nestjs-cls');

let runs = 0;

@CacheDefaults({ varyBy: ['tenant'] })
@Injectable()
class Prices {
  constructor(@Inject(ClsService) private readonly cls: Cls) {}

  @Cacheable({ key: 'price:{0}' })
  async of(product: string): Promise<string> {
    runs += 1;
    return `${product} for ${this.cls.get<string>('tenant')}, run ${runs}`;
  }
}

@InjectableProxy({ strict: true })
class Customer {
  name = 'ann';
}

/** Holds what refuses to be read outside of a request. */
@Injectable()
class Orders {
  constructor(readonly customer: Customer) {}
}

@Controller('prices')
class PricesController {
  constructor(private readonly prices: Prices) {}

  @Get(':product')
  async of(@Param('product') product: string): Promise<string> {
    return this.prices.of(product);
  }
}

const price = (product: string, tenant?: string) =>
  request(nest.app.getHttpServer() as never)
    .get(`/prices/${product}`)
    .set(tenant === undefined ? {} : { 'x-tenant': tenant });

const nest = onEmbeddedServer(async (servers) => {
  const testing = await Test.createTestingModule({
    imports: [
      ClsModule.forRoot({
        global: true,
        middleware: {
          mount: true,
          setup: (cls, { headers }: { headers: Record<string, string> }) => {
            cls.set('tenant', headers['x-tenant']);
          },
        },
      }),
      ClsModule.forFeature(Customer),
      MemcachedModule.forRootAsync({
        inject: [ClsService],
        useFactory: (cls: Cls) => ({
          servers,
          // Whoever has to wait for a slow store computes for himself.
          commandTimeout: '30s',
          decorators: { varyBy: { tenant: () => cls.get<unknown>('tenant') } },
        }),
      }),
    ],
    controllers: [PricesController],
    providers: [Prices, Orders],
  }).compile();
  const app = testing.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
});

beforeEach(() => {
  runs = 0;
});

describe('a vary that reads from nestjs-cls', () => {
  it('keeps apart what requests of different tenants get', async () => {
    const texts = [await price('tea', 'acme'), await price('tea', 'umbrella'), await price('tea', 'acme')];
    expect(texts.map(({ text }) => text)).toEqual([
      'tea for acme, run 1',
      'tea for umbrella, run 2',
      'tea for acme, run 1',
    ]);
  });

  it('keeps requests apart that come at the same time', async () => {
    const tenants = ['acme', 'umbrella', 'acme', 'umbrella', 'acme'];
    const responses = await Promise.all(tenants.map((tenant) => price('tea', tenant)));
    responses.forEach(({ text }, index) => expect(text).toContain(`tea for ${tenants[index]}, run`));
    expect(runs).toBe(2);
  });

  it('refuses a request without a tenant, and a call outside of a request', async () => {
    await price('tea').expect(500);
    await expect(nest.app.get(Prices).of('tea')).rejects.toThrow(
      "Prices.of @Cacheable: varyBy 'tenant' is undefined",
    );
    expect(runs).toBe(0);
  });

  it('is served where there is no request, in a context of its own', async () => {
    await price('tea', 'acme');
    const cls = ClsServiceManager.getClsService();
    const text = await cls.runWith({ tenant: 'acme' } as never, () => nest.app.get(Prices).of('tea'));
    expect(text).toBe('tea for acme, run 1');
  });
});
