import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { Test, type TestingModule } from '@nestjs/testing';
import { MemcachedServer } from 'nestjs-memcached/testing';
import { After } from './after.js';
import { Before } from './before.js';
import { Between } from './between.js';
import { Catalogue, Database } from './database.js';

const memcached = await MemcachedServer.start();
after(() => memcached.close());

for (const [name, module] of [
  ['before: cache-manager in the memory of each process', () => Before.module()],
  ['between: cache-manager on memcached', () => Between.module(memcached.address)],
  ['after: decorators', () => After.module(memcached.address)],
] as const) {
  describe(name, () => {
    let app: TestingModule;
    let catalogue: Catalogue;
    let database: Database;

    beforeEach(async () => {
      app = await Test.createTestingModule({ imports: [module()] }).compile();
      await app.init();
      [catalogue, database] = [app.get(Catalogue, { strict: false }), app.get(Database, { strict: false })];
    });

    afterEach(async () => {
      await catalogue.rename(7, 'lamp');
      await app.close();
    });

    it('asks the database once', async () => {
      assert.equal(await catalogue.nameOf(7), 'lamp');
      assert.equal(await catalogue.nameOf(7), 'lamp');
      assert.equal(database.queries, 1);
    });

    it('shows a new name at once', async () => {
      await catalogue.nameOf(7);
      await catalogue.rename(7, 'lantern');
      assert.equal(await catalogue.nameOf(7), 'lantern');
    });

    it('loads once for callers that come at once', async () => {
      const names = await Promise.all(Array.from({ length: 20 }, () => catalogue.nameOf(7)));
      assert.deepEqual(new Set(names), new Set(['lamp']));
      assert.equal(database.queries, 1);
    });
  });
}
