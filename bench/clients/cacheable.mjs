import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { decorate } from '../nest/decorate.mjs';
import { KEYS, ofItems } from './items.mjs';

/** A provider's method under `@Cacheable`, in a Nest application without a server. */
export const open = (options) => openMethod(options);

/** @param how further options of the decorator, and of the module's cache; `byId`: its argument is an item's id. */
export async function openMethod({ servers, from = 'nestjs-memcached' }, { policy, cache, byId } = {}) {
  const { Cacheable, MemcachedModule, MemcachedService } = await import(from);

  class Products {
    loader;

    find(_key) {
      return this.loader();
    }
  }
  decorate(Products, [Injectable()], { find: [Cacheable({ key: byId ? `${KEYS}{0}` : '{0}', ...policy })] });

  class BenchModule {}
  const options = { servers, commandTimeout: '30s', connectTimeout: '30s', cache };
  decorate(BenchModule, [Module({ imports: [MemcachedModule.forRoot(options)], providers: [Products] })]);

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
  await app.get(MemcachedService).connect();
  const products = app.get(Products);
  return {
    getOrSet: byId
      ? ofItems(products, (id) => products.find(id))
      : (key, loader) => {
          products.loader = loader;
          return products.find(key);
        },
    // Its loader is asked for when the read has missed, and is that of the last call by then.
    fillsOneByOne: true,
    close: () => app.close(),
  };
}
