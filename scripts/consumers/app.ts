/**
 * An application as a user would write it, in one file: compiled and run by each consumer, as ESM on Nest 12 and as
 * CommonJS on Nest 11. It asks itself over HTTP and ends with status 0 only if everything held. It is not told to end:
 * a handle that was left open keeps it alive, and the script that started it notices.
 */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { Controller, type DynamicModule, Get, Injectable, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import {
  Cacheable,
  CacheEvict,
  MemcachedHealthIndicator,
  MemcachedModule,
  MemcachedService,
} from 'nestjs-memcached';
import { MemcachedServer } from 'nestjs-memcached/testing';

interface Price {
  readonly id: string;
  readonly cents: number;
}

@Injectable()
class PriceService {
  queries = 0;

  @Cacheable({ key: 'price:{0}', ttl: '1m' })
  async find(id: string): Promise<Price> {
    this.queries += 1;
    return { id, cents: 900 };
  }

  @CacheEvict({ key: 'price:{0}' })
  async forget(id: string): Promise<string> {
    return id;
  }
}

@Controller()
class PriceController {
  handled = 0;

  constructor(
    private readonly prices: PriceService,
    private readonly memcached: MemcachedService,
    private readonly health: HealthCheckService,
    private readonly indicator: MemcachedHealthIndicator,
  ) {}

  @Cacheable({ key: 'route:{0}', ttl: '1m' })
  @Get('prices/:id')
  async price(@Param('id') id: string): Promise<Price> {
    this.handled += 1;
    return this.prices.find(id);
  }

  @Get('forget/:id')
  forget(@Param('id') id: string): Promise<string> {
    return this.prices.forget(id);
  }

  @Get('count/:key')
  async count(@Param('key') key: string): Promise<{ count: number }> {
    return { count: Number(await this.memcached.incr(key, 1, { initial: 1 })) };
  }

  @Get('health')
  @HealthCheck()
  check() {
    return this.health.check([() => this.indicator.clusterCheck('memcached')]);
  }

  @Get('health/critical')
  @HealthCheck()
  checkCritical() {
    return this.health.check([() => this.indicator.pingCheck('memcached', { critical: true })]);
  }
}

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [PriceController],
  providers: [PriceService],
})
class AppModule {
  static on(...servers: string[]): DynamicModule {
    return { module: AppModule, imports: [MemcachedModule.forRoot({ servers })] };
  }
}

/** What a health route has answered, as far as it is looked at here. */
interface Health {
  readonly status: string;
  readonly details: {
    readonly memcached: {
      readonly status: string;
      readonly state: string;
      readonly reasons: readonly { readonly code: string; readonly server: string }[];
    };
  };
}

async function main(): Promise<void> {
  const server = await MemcachedServer.start();
  const other = await MemcachedServer.start();
  const app = await NestFactory.create(AppModule.on(server.address, other.address), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const get = async (path: string) => {
    const response = await fetch(`${url}/${path}`);
    return { status: response.status, body: await response.text() };
  };
  const controller = app.get(PriceController);
  const service = app.get(PriceService);

  const price = { status: 200, body: '{"id":"7","cents":900}' };
  assert.deepEqual(await get('prices/7'), price);
  assert.deepEqual(await get('prices/7'), price);
  assert.equal(controller.handled, 1, 'the second answer of the route comes from the cache');
  await service.find('7');
  assert.equal(service.queries, 1, 'and so does the second result of the provider');
  await get('forget/7');
  await service.find('7');
  assert.equal(service.queries, 2, 'until it is evicted');
  await get('count/visits');
  assert.equal((await get('count/visits')).body, '{"count":2}');

  /** Asks a health route, whose whole and whose entry shall have this status, and which shall have found this state. */
  const expectHealth = async (path: string, status: string, entryStatus: string, state: string) => {
    const { status: code, body } = await get(path);
    const { status: whole, details } = JSON.parse(body) as Health;
    assert.equal(code, status === 'error' ? 503 : 200, body);
    assert.equal(whole, status, body);
    assert.equal(details.memcached.status, entryStatus, body);
    assert.equal(details.memcached.state, state, body);
    return details.memcached.reasons;
  };
  const withoutCache = process.env.EXPECTED_WITHOUT_CACHE ?? '';
  const entryWithoutCache = withoutCache === 'ok' ? 'up' : withoutCache;
  assert.deepEqual(await expectHealth('health', 'ok', 'up', 'up'), []);

  await other.close();
  for (const path of ['health', 'health/critical']) {
    const reasons = await expectHealth(path, withoutCache, entryWithoutCache, 'degraded');
    assert.deepEqual(
      reasons.map(({ code, server: which }) => [code, which]),
      [['unreachable', other.address]],
    );
  }

  await server.close();
  await expectHealth('health', withoutCache, entryWithoutCache, 'down');
  await expectHealth('health/critical', 'error', 'down', 'down');
  assert.deepEqual(await get('prices/7'), price);
  assert.equal(controller.handled, 2, 'without a cache the route computes');

  await app.close();
  console.log(`cached on ${server.address}, answered without it, closed`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
