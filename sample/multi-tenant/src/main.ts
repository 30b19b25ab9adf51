import 'reflect-metadata';
import { equal } from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MemcachedModule } from 'nestjs-memcached';
import { MemcachedServer } from 'nestjs-memcached/testing';
import { PricesController } from './prices.controller.js';
import { tenant, tenantOfRequest } from './tenant.js';

const memcached = await MemcachedServer.start();

@Module({
  imports: [
    MemcachedModule.forRoot({
      isGlobal: true,
      servers: memcached.address,
      decorators: { varyBy: { tenant } },
    }),
  ],
  controllers: [PricesController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
app.use(tenantOfRequest);
await app.listen(0, '127.0.0.1');
const url = `${await app.getUrl()}/prices`;
const prices = app.get(PricesController);

/** Asks as a tenant; `computed` is how often a price has been computed by then. */
async function ask(path: string, as?: string, method = 'GET'): Promise<{ status: number; owner?: string }> {
  const response = await fetch(url + path, { method, headers: as === undefined ? {} : { 'x-tenant': as } });
  const text = await response.text();
  process.stdout.write(
    `${(as ?? 'nobody').padEnd(7)} ${method} ${path.padEnd(6)} ${response.status} ${text}\n`,
  );
  return {
    status: response.status,
    owner: text.startsWith('{') ? (JSON.parse(text) as { tenant?: string }).tenant : undefined,
  };
}

equal((await ask('/lamp', 'acme')).owner, 'acme');
equal((await ask('/lamp', 'acme')).owner, 'acme');
equal(prices.computed, 1);
equal((await ask('/lamp', 'globex')).owner, 'globex');
equal(prices.computed, 2);
equal((await ask('/lamp')).status, 500);

await ask('', 'acme', 'DELETE');
await ask('/lamp', 'acme');
equal(prices.computed, 3);
await ask('/lamp', 'globex');
equal(prices.computed, 3);
process.stdout.write(
  'Each tenant has its own prices; one forgot its own, and no other had to compute again.\n',
);

await app.close();
await memcached.close();
