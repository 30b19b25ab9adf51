import 'reflect-metadata';
import { deepEqual } from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { MemcachedServer } from 'nestjs-memcached/testing';
import { AppModule } from './app.module.js';

const given = process.env.MEMCACHED_SERVERS;
const memcached = given === undefined ? await MemcachedServer.start() : undefined;
const app = await NestFactory.create(AppModule.on(given ?? memcached!.address), {
  logger: ['error', 'warn'],
});
const stays = process.argv.includes('--stay');
await app.listen(stays ? (process.env.PORT ?? 3000) : 0, '127.0.0.1');
const url = `${await app.getUrl()}/products/7`;

/** One answer of the route, and how long it took. */
async function ask(): Promise<unknown> {
  const startedAt = performance.now();
  const answer: unknown = await (await fetch(url)).json();
  process.stdout.write(
    `${(performance.now() - startedAt).toFixed(0).padStart(4)} ms  ${JSON.stringify(answer)}\n`,
  );
  return answer;
}

const first = await ask();
deepEqual(await ask(), first);
if (stays) {
  process.stdout.write(`It goes on at ${url}\n`);
} else {
  await app.close();
  await memcached?.close();
}
