import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Cacheable, HttpCache, MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { httpApp, PLATFORMS } from './support/http-apps.js';

class Product {
  constructor(readonly id: number) {}
}

@Injectable()
class Products {
  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<unknown> {
    return new Product(id);
  }

  @Cacheable({ key: 'later:{0}' })
  async later(id: number): Promise<unknown> {
    return { id, rest: Promise.resolve(id) };
  }

  @Cacheable({ key: 'all' })
  async all(): Promise<string> {
    return 'x'.repeat(1_200_000);
  }

  // Nothing to tell calls apart by: a constant key is what is meant.
  @Cacheable({ key: 'count' })
  async count(): Promise<number> {
    return 1;
  }
}

@Controller('big')
class Big {
  @Get()
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  big() {
    return { text: 'x'.repeat(1_200_000) };
  }
}

describe('what cannot be stored', () => {
  let server: MemcachedServer;
  let testing: TestingModule;
  let warnings: string[];

  beforeEach(async () => {
    warnings = [];
    server = await MemcachedServer.start();
    testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address })],
      providers: [Products],
    }).compile();
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (message: string) => void warnings.push(message),
    });
    await testing.init();
  });
  afterEach(async () => {
    await testing.close();
    await server.close();
    Logger.overrideLogger(false);
  });

  it('is one line for each method and reason, with one mend', async () => {
    const products = testing.get(Products);
    for (let id = 0; id < 3; id += 1) {
      await products.find(id);
      await products.later(id);
      await products.all();
      await products.count();
    }
    expect(warnings).toEqual([
      'Products.find @Cacheable: its value cannot be stored: $: an instance of Product would come back without its class; ' +
        'say which classes it consists of: types: [Product]. Such calls run uncached; said once.',
      'Products.later @Cacheable: its value cannot be stored: $.rest: a promise cannot be stored; await it first. ' +
        'Such calls run uncached; said once.',
      expect.stringMatching(
        /^Products\.all @Cacheable: its value cannot be stored: 1200000 bytes do not fit into 1048576, the item limit of .*; cache a part of it, or raise that limit\. Such calls run uncached; said once\.$/,
      ),
    ]);
    const { uncached } = await testing.get(MemcachedService).report();
    expect(uncached).toEqual({
      'Products.find @Cacheable': { value: 3 },
      'Products.later @Cacheable': { value: 3 },
      'Products.all @Cacheable': { size: 3 },
    });
  });

  it("is told of the service's own methods as well", async () => {
    const memcached = testing.get(MemcachedService);
    await memcached.getOrSet('product:7', () => new Product(7));
    await memcached.getOrSet('product:8', () => new Product(8));
    await memcached.set('product:9', new Product(9));
    expect(warnings).toEqual([
      'MemcachedService "product:7": its value cannot be stored: $: an instance of Product would come back without its ' +
        "class; name the class in the module's codec.types. Such calls run uncached; said once.",
    ]);
    expect((await memcached.report()).uncached).toEqual({ MemcachedService: { value: 3 } });
  });
});

describe.each(PLATFORMS)('an answer that is too large on %s', (platform) => {
  it('is told once, and counted', async () => {
    await using nest = await httpApp(platform, { controllers: [Big] });
    for (let request = 0; request < 3; request += 1)
      expect(await nest.get('/big')).toMatchObject({ status: 200 });
    const service = nest.app.get(MemcachedService);
    await expect(service.getOrSet('after', () => 1)).resolves.toBe(1);
    expect(nest.warnings).toEqual([
      expect.stringMatching(/^Big\.big @HttpCache: its value cannot be stored: .* bytes do not fit/),
    ]);
    expect((await service.report()).uncached).toEqual({ 'Big.big @HttpCache': { size: 3 } });
  });
});
