import { deepStrictEqual, equal, notEqual, ok } from 'node:assert/strict';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MemcachedModule } from 'nestjs-memcached';
import { MemcachedServer } from 'nestjs-memcached/testing';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { Product } from './product.js';
import { ProductsService } from './products.service.js';
import { Supplier } from './supplier.js';

// A PostgreSQL and a memcached in this process, unless there are others.
const embedded = process.env.DATABASE_URL === undefined ? await PGlite.create() : undefined;
const postgres =
  embedded && new PGLiteSocketServer({ db: embedded, host: '127.0.0.1', port: 0, maxConnections: 10 });
await postgres?.start();
const memcached = process.env.MEMCACHED_SERVERS === undefined ? await MemcachedServer.start() : undefined;

@Module({
  imports: [
    MemcachedModule.forRoot({
      servers: process.env.MEMCACHED_SERVERS ?? memcached?.address,
      keyPrefix: 'typeorm-entities:',
    }),
  ],
  providers: [
    {
      provide: DataSource,
      useFactory: () =>
        new DataSource({
          type: 'postgres',
          url: process.env.DATABASE_URL ?? `postgresql://postgres@${postgres?.getServerConn()}/postgres`,
          entities: [Product, Supplier],
          synchronize: true,
        }).initialize(),
    },
    ProductsService,
  ],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const database = app.get(DataSource);
const products = app.get(ProductsService);

const supplier = await database.getRepository(Supplier).save({ name: 'Acme' });
const { id } = await database.getRepository(Product).save({ name: 'Lamp', supplier });

const miss = await products.find(id);
const hit = await products.find(id);
equal(products.queries, 1);
notEqual(hit, miss);
deepStrictEqual(hit, miss);
ok(hit instanceof Product && hit.supplier instanceof Supplier && hit.createdAt instanceof Date);
equal(hit.title, 'Lamp by Acme');

hit.name = 'Lantern';
await products.save(hit);
equal((await products.find(id))?.title, 'Lantern by Acme');
equal(products.queries, 2);
process.stdout.write('A hit is the entity that the miss was, with its relation, its date and its methods.\n');

await app.close();
await database.destroy();
await postgres?.stop();
await embedded?.close();
await memcached?.close();
