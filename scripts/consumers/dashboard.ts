/** The dashboard as the package brings it: its page and all that the page asks for, with a guard and without. */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { type CanActivate, type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MemcachedModule } from 'nestjs-memcached';
import { MemcachedDashboardModule } from 'nestjs-memcached/dashboard';
import { MemcachedServer } from 'nestjs-memcached/testing';

class Guard implements CanActivate {
  static isOpen = false;

  canActivate(): boolean {
    return Guard.isOpen;
  }
}

@Module({})
class AppModule {
  static on(servers: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        MemcachedModule.forRoot({ isGlobal: true, servers }),
        MemcachedDashboardModule.forRoot({ path: 'ops/memcached', guards: [Guard] }),
      ],
    };
  }
}

async function main(): Promise<void> {
  assert.throws(() => MemcachedDashboardModule.forRoot(), { path: 'guards' });
  const server = await MemcachedServer.start();
  const app = await NestFactory.create(AppModule.on(server.address), { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const page = `${await app.getUrl()}/ops/memcached`;
  assert.equal((await fetch(page)).status, 403);
  Guard.isOpen = true;
  const text = await (await fetch(page)).text();
  const links = Array.from(text.matchAll(/(?:src|href)="([^"#]+)"/g), ([, link]) => link);
  assert.ok(links.length > 4);
  for (const link of links) assert.equal((await fetch(new URL(link, page))).status, 200, link);
  const events = await fetch(new URL('memcached/events', page));
  const reader = events.body!.getReader();
  const { value } = await reader.read();
  assert.match(Buffer.from(value!).toString(), /event: hello/);
  await reader.cancel();
  await app.close();
  await server.close();
  console.log('the dashboard is there, behind its guard');
}

void main();
