import 'reflect-metadata';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Test, type TestingModule } from '@nestjs/testing';
import { CacheProbe, MemcachedTestingModule } from 'nestjs-memcached/testing';
import { Catalogue, Database } from './catalogue.js';

describe('the catalogue, as a class alone', () => {
  it('finds and renames: decorators do nothing without the module', async () => {
    const catalogue = new Catalogue(new Database());
    await catalogue.rename(7, 'lantern');
    assert.equal((await catalogue.find(7))?.name, 'lantern');
  });
});

describe('the catalogue in its module', () => {
  let module: TestingModule;
  let catalogue: Catalogue;
  let probe: CacheProbe;

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [MemcachedTestingModule.forRoot()],
      providers: [Catalogue, Database],
    }).compile();
    await module.init();
    [catalogue, probe] = [module.get(Catalogue), module.get(CacheProbe)];
  });

  afterEach(() => module.close());

  it('asks the database once for callers that come at once, and for those that come later', async () => {
    await Promise.all(Array.from({ length: 50 }, () => catalogue.find(7)));
    await catalogue.find(7);
    assert.equal(probe.of('product:7').loads, 1);
  });

  it('shows a new name at once', async () => {
    await catalogue.find(7);
    await catalogue.rename(7, 'lantern');
    assert.equal((await catalogue.find(7))?.name, 'lantern');
  });

  it('looks again after an hour, without waiting for one', async () => {
    await catalogue.find(7);
    probe.advance('59m');
    await catalogue.find(7);
    assert.equal(probe.of('product:7').loads, 1);
    probe.advance('2m');
    await catalogue.find(7);
    assert.equal(probe.of('product:7').loads, 2);
  });

  it('answers while memcached is away', async () => {
    await catalogue.find(7);
    await probe.servers[0].down();
    assert.equal((await catalogue.find(7))?.name, 'lamp');
  });
});
