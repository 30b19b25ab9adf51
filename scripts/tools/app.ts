import 'reflect-metadata';
import { equal, ok } from 'node:assert/strict';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, MemcachedError, MemcachedModule, MemcachedService } from 'nestjs-memcached';
import { MemcachedClient } from 'nestjs-memcached/client';
import { MemcachedServer } from 'nestjs-memcached/testing';

@Injectable()
class Prices {
  loads = 0;

  // Injected by its type: the tool has to keep what the compiler says of parameters.
  constructor(readonly memcached: MemcachedService) {}

  @Cacheable({ key: 'price:{0}', ttl: '5m' })
  async of(id: number): Promise<{ id: number; since: Date }> {
    this.loads += 1;
    return { id, since: new Date(0) };
  }
}

async function main(): Promise<void> {
  const server = await MemcachedServer.start();

  @Module({ imports: [MemcachedModule.forRoot({ servers: server.address })], providers: [Prices] })
  class App {}

  const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
  const prices = app.get(Prices);
  equal((await prices.of(7)).since.getTime(), (await prices.of(7)).since.getTime());
  equal(prices.loads, 1);
  ok(prices.memcached.client instanceof MemcachedClient);
  const refused = await prices.memcached.get('').catch((error: unknown) => error);
  ok(refused instanceof MemcachedError);
  equal(refused.name, 'InvalidArgumentError');
  await app.close();
  await server.close();
  console.log('sound');
}

void main();
