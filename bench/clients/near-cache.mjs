import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { decorate } from '../nest/decorate.mjs';

const NEAR = { maxAge: '1s', maxItems: 1_500_000 };

const OPTIONS = { commandTimeout: '30s', connectTimeout: '30s' };

/** Has a server say that there have been near caches for hours, so that this one begins at once. */
async function markLongAgo(servers, { MemcachedClient }) {
  for (const server of servers) {
    const client = new MemcachedClient({ servers: [server] });
    await client.set('~near', 'bench', { ttl: '20h' });
    await client.close();
  }
}

async function openService({ servers, from = 'nestjs-memcached' }, share) {
  const lib = await import(from);
  await markLongAgo(servers, lib);
  const service = new lib.MemcachedService({
    servers,
    ...OPTIONS,
    cache: { ttl: '1h', share, near: NEAR },
  });
  await service.connect();
  return service;
}

/** One object for all. */
export const openSame = (options) => openService(options, 'same');

/** An object for each. */
export const openCopy = (options) => openService(options, 'copy');

async function openMethod({ servers, from = 'nestjs-memcached' }, share) {
  const lib = await import(from);
  await markLongAgo(servers, lib);
  const { Cacheable, MemcachedModule, MemcachedService } = lib;

  class Products {
    loader;

    find(_key) {
      return this.loader();
    }
  }
  decorate(Products, [Injectable()], { find: [Cacheable({ key: '{0}', share })] });

  class BenchModule {}
  const options = { servers, ...OPTIONS, cache: { ttl: '1h', near: NEAR } };
  decorate(BenchModule, [Module({ imports: [MemcachedModule.forRoot(options)], providers: [Products] })]);

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
  await app.get(MemcachedService).connect();
  const products = app.get(Products);
  return {
    getOrSet: (key, loader) => {
      products.loader = loader;
      return products.find(key);
    },
    close: () => app.close(),
  };
}

/** By a decorated method. */
export const openMethodSame = (options) => openMethod(options, 'same');
export const openMethodCopy = (options) => openMethod(options, 'copy');
