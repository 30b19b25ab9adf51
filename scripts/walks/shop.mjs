import { Controller, Get, Injectable, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { atParameter, decorate } from '../../bench/nest/decorate.mjs';

/**
 * An application with one cached method and one cached route.
 *
 * @param library what `lib/index.ts` exports.
 * @param {string[]} servers
 */
export async function openShop(library, servers) {
  const { Cacheable, HttpCache, MemcachedModule, MemcachedService, MemcachedHealthIndicator } = library;

  class Products {
    async find(id) {
      return { id, name: 'lamp' };
    }
  }
  decorate(Products, [Injectable()], { find: [Cacheable({ key: 'product:{0}', ttl: '5m', grace: '1h' })] });

  class Pages {
    one(id) {
      return { id };
    }
  }
  decorate(Pages, [Controller('pages')], {
    one: [Get(':id'), HttpCache({ audience: 'everyone', ttl: '5m' }), atParameter(0, Param('id'))],
  });

  class Shop {}
  decorate(Shop, [
    Module({
      imports: [MemcachedModule.forRoot({ isGlobal: true, servers, failuresToDown: 1 })],
      providers: [Products],
      controllers: [Pages],
    }),
  ]);

  const app = await NestFactory.create(Shop, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  return {
    products: app.get(Products),
    memcached: app.get(MemcachedService),
    health: app.get(MemcachedHealthIndicator),
    page: async (id) => (await fetch(`http://127.0.0.1:${port}/pages/${id}`)).text(),
    close: () => app.close(),
  };
}
