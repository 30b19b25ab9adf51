/** An application whose guard counts on memcached and whose sessions are kept there, with the testing module's servers. */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import session from 'express-session';
import { MemcachedService } from 'nestjs-memcached';
import { MemcachedSessionStore } from 'nestjs-memcached/session';
import { CacheProbe, MemcachedTestingModule } from 'nestjs-memcached/testing';
import { MemcachedThrottlerStorage } from 'nestjs-memcached/throttler';

@Controller()
class VisitsController {
  @Get()
  visit(@Req() request: { session: { visits?: number } }): number {
    return (request.session.visits = (request.session.visits ?? 0) + 1);
  }
}

@Module({
  imports: [
    MemcachedTestingModule.forRoot({ servers: 2 }),
    ThrottlerModule.forRootAsync({
      inject: [MemcachedService],
      useFactory: (memcached: MemcachedService) => ({
        throttlers: [{ ttl: 60_000, limit: 3 }],
        storage: new MemcachedThrottlerStorage(memcached),
      }),
    }),
  ],
  controllers: [VisitsController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], abortOnError: false });
  const store = new MemcachedSessionStore(app.get(MemcachedService));
  app.use(session({ store, secret: 'secret', resave: false, saveUninitialized: false }));
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  let cookie = '';
  const answers: string[] = [];
  for (let visit = 0; visit < 4; visit += 1) {
    const response = await fetch(url, { headers: { cookie } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    answers.push(response.status === 200 ? await response.text() : String(response.status));
  }
  assert.deepEqual(answers, ['1', '2', '3', '429']);
  assert.equal(app.get(CacheProbe).servers.length, 2);
  await app.close();
  console.log('throttled, with sessions');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
