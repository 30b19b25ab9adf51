import 'reflect-metadata';
import { deepEqual, equal } from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemcachedModule } from 'nestjs-memcached';
import { MemcachedServer } from 'nestjs-memcached/testing';
import { AuthorsResolver } from './authors.resolver.js';
import { BooksService } from './books.service.js';

const memcached = await MemcachedServer.start();

@Module({
  imports: [
    MemcachedModule.forRoot({ isGlobal: true, servers: memcached.address }),
    GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true }),
  ],
  providers: [AuthorsResolver, BooksService],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.init();
await app.getHttpAdapter().getInstance().ready();

interface Found {
  readonly authors: readonly { readonly name: string; readonly books: readonly string[] }[];
}

async function ask(first: number): Promise<Found> {
  const response = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload: { query: `{ authors(first: ${first}) { name books } }` },
  });
  return response.json<{ data: Found }>().data;
}

const { queries } = app.get(BooksService);
const asked = await ask(3);
deepEqual(asked.authors[1], { name: 'Author 2', books: ['Volume 2', 'Letters of 2'] });
deepEqual(queries, [[1, 2, 3]]);
deepEqual(await ask(3), asked);
deepEqual(queries, [[1, 2, 3]]);
equal(app.get(AuthorsResolver).listed, 1);

const more = await ask(5);
equal(more.authors.length, 5);
deepEqual(queries, [
  [1, 2, 3],
  [4, 5],
]);
process.stdout.write(
  'Books of 3 authors: 1 query. The same again: none. Of 5 authors: 1 query, for the 2 that memcached did not have.\n',
);

await app.close();
await memcached.close();
