import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { decorate } from '../nest/decorate.mjs';

/** A provider's method under `@CacheBatch`, in a Nest application without a server. */
export async function open({ servers, from = 'nestjs-memcached' }) {
  const { CacheBatch, MemcachedModule, MemcachedService } = await import(from);

  class Products {
    loader;

    findAll(keys) {
      return this.loader(keys);
    }
  }
  decorate(Products, [Injectable()], { findAll: [CacheBatch({ key: '{0}' })] });

  class BenchModule {}
  const options = { servers, commandTimeout: '30s', connectTimeout: '30s' };
  decorate(BenchModule, [Module({ imports: [MemcachedModule.forRoot(options)], providers: [Products] })]);

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
  await app.get(MemcachedService).connect();
  const products = app.get(Products);
  // The keys' numbers are the ids, as most are.
  const ids = [];
  return {
    // Each call fills what the method's one loader is told.
    fillsOneByOne: true,
    getOrSet: async (_key, loader) => {
      products.loader = () => [loader()];
      const [value] = await products.findAll([ids.length]);
      ids.push(ids.length);
      return value;
    },
    getAll: (_keys, loader) => {
      products.loader = loader;
      return products.findAll(ids);
    },
    close: () => app.close(),
  };
}

/** The same values, read by the service's `getMany`. */
export async function openPlain({ servers, from = 'nestjs-memcached' }) {
  const { MemcachedService } = await import(from);
  const service = new MemcachedService({ servers, commandTimeout: '30s', connectTimeout: '30s' });
  await service.connect();
  return {
    getOrSet: (key, loader) => service.getOrSet(key, loader),
    getAll: async (keys) => {
      const found = await service.getMany(keys);
      return keys.map((key) => found.get(key));
    },
    close: () => service.close(),
  };
}
