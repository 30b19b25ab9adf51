/**
 * Applications whose guards count on memcached: HTTP on Express and on Fastify, GraphQL, WebSocket; and the answers of the
 * storage beside those of the one in memory. A program, since Jest cannot load `@nestjs/throttler` beside Nest 12 before
 * Node 24.9.
 */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import {
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Injectable,
  type INestApplication,
  Module,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GqlExecutionContext, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import {
  SkipThrottle,
  Throttle,
  ThrottlerGuard,
  ThrottlerModule,
  ThrottlerStorageService,
} from '@nestjs/throttler';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { WebSocket } from 'ws';
import { MemcachedThrottlerStorage } from '../../../lib/adapters/throttler.js';
import { MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';

const HOUR = 3_600_000;

/** The same hits to both storages; a slice of time begins with every full hour, so none is crossed but once in an hour. */
async function asInMemory(service: MemcachedService): Promise<void> {
  for (const window of ['fixed', 'sliding'] as const) {
    const memory = new ThrottlerStorageService();
    const ours = new MemcachedThrottlerStorage(service, { window });
    const script: [ttl: number, limit: number, block: number, name: string, hits: number][] = [
      [HOUR, 3, HOUR, 'block as long as the window', 6],
      [HOUR, 2, 60_000, 'shorter block', 5],
      [HOUR, 3, 2 * HOUR, 'longer block', 5],
      [HOUR, 3, 0, 'no block', 6],
      [HOUR, 0, 60_000, 'no limit', 2],
    ];
    for (const [ttl, limit, block, name, hits] of script) {
      for (let hit = 0; hit < hits; hit += 1) {
        // The storage in memory keeps one time for all the names of a key.
        const wanted = await memory.increment(`${window}-${name}`, ttl, limit, block, name);
        const told = await ours.increment(`${window}-key`, ttl, limit, block, name);
        const where = `${window}, ${name}, hit ${hit + 1}`;
        assert.equal(told.totalHits, wanted.totalHits, where);
        assert.equal(told.isBlocked, wanted.isBlocked, where);
        assert.ok(told.timeToExpire > 0 && told.timeToExpire <= 7200, where);
        if (!wanted.isBlocked) assert.equal(told.timeToBlockExpire, 0, where);
        else if (block > 0)
          assert.ok(Math.abs(told.timeToBlockExpire - wanted.timeToBlockExpire) <= 2, where);
        else assert.ok(told.timeToBlockExpire <= wanted.timeToBlockExpire, where);
      }
    }
    memory.onApplicationShutdown();
  }
  process.stdout.write('as in memory\n');
}

@Controller()
class LimitedController {
  @Get('limited')
  limited(): string {
    return 'done';
  }

  @Get('strict')
  @Throttle({ default: { limit: 1, ttl: 60_000 } })
  strict(): string {
    return 'done';
  }

  @Get('free')
  @SkipThrottle()
  free(): string {
    return 'done';
  }
}

@Injectable()
class GqlThrottlerGuard extends ThrottlerGuard {
  override getRequestResponse(context: ExecutionContext) {
    const { req, reply } =
      GqlExecutionContext.create(context).getContext<Record<string, Record<string, unknown>>>();
    return { req: req ?? reply.request, res: reply };
  }
}

@Resolver()
class LimitedResolver {
  @Query(() => String)
  @UseGuards(GqlThrottlerGuard)
  limited(): string {
    return 'done';
  }
}

@Injectable()
class WsThrottlerGuard extends ThrottlerGuard {
  override async handleRequest({
    context,
    limit,
    ttl,
    throttler,
    blockDuration,
    generateKey,
  }: Parameters<ThrottlerGuard['handleRequest']>[0]): Promise<boolean> {
    const key = generateKey(context, '127.0.0.1', throttler.name ?? 'default');
    const { isBlocked } = await this.storageService.increment(
      key,
      ttl,
      limit,
      blockDuration,
      throttler.name ?? 'default',
    );
    if (isBlocked) throw new WsException('too many');
    return true;
  }
}

@WebSocketGateway()
class LimitedGateway {
  @UseGuards(WsThrottlerGuard)
  @SubscribeMessage('limited')
  limited(): object {
    return { event: 'done', data: true };
  }
}

@Module({})
class LimitedModule {
  static on(servers: string, parts: Partial<DynamicModule>): DynamicModule {
    return {
      ...parts,
      module: LimitedModule,
      imports: [
        MemcachedModule.forRoot({ isGlobal: true, servers }),
        ThrottlerModule.forRootAsync({
          inject: [MemcachedService],
          useFactory: (memcached: MemcachedService) => ({
            throttlers: [{ ttl: 60_000, limit: 3 }],
            storage: new MemcachedThrottlerStorage(memcached),
          }),
        }),
        ...(parts.imports ?? []),
      ],
    };
  }
}

const HTTP = {
  controllers: [LimitedController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
};

async function started(
  parts: Partial<DynamicModule>,
  platform: 'Express' | 'Fastify',
): Promise<[INestApplication, MemcachedServer]> {
  const server = await MemcachedServer.start();
  const module = await Test.createTestingModule({
    imports: [LimitedModule.on(server.address, parts)],
  }).compile();
  const app =
    platform === 'Express'
      ? module.createNestApplication({ logger: false })
      : module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  return [app, server];
}

async function overHttp(platform: 'Express' | 'Fastify'): Promise<void> {
  const [app, server] = await started(HTTP, platform);
  const url = await app.getUrl();
  const get = (path: string) => fetch(`${url}/${path}`);
  const first = await get('limited');
  assert.equal(first.headers.get('x-ratelimit-limit'), '3');
  assert.equal(first.headers.get('x-ratelimit-remaining'), '2');
  assert.ok(Number(first.headers.get('x-ratelimit-reset')) <= 60);
  for (let hit = 0; hit < 2; hit += 1) assert.equal((await get('limited')).status, 200);
  const refused = await get('limited');
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 50);
  assert.deepEqual([(await get('strict')).status, (await get('strict')).status], [200, 429]);
  for (let hit = 0; hit < 5; hit += 1) assert.equal((await get('free')).status, 200);
  await app.close();
  await server.close();
  process.stdout.write(`${platform}\n`);
}

async function overGraphql(): Promise<void> {
  const graphql = GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    context: (req: unknown, reply: unknown) => ({ req, reply }),
  });
  const [app, server] = await started({ imports: [graphql], providers: [LimitedResolver] }, 'Fastify');
  const ask = async (): Promise<string> => {
    const response = await fetch(`${await app.getUrl()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ limited }"}',
    });
    return response.text();
  };
  for (let hit = 0; hit < 3; hit += 1) assert.equal(await ask(), '{"data":{"limited":"done"}}');
  assert.match(await ask(), /Too Many Requests/);
  await app.close();
  await server.close();
  process.stdout.write('GraphQL\n');
}

async function overWebSocket(): Promise<void> {
  const [app, server] = await started({ providers: [LimitedGateway] }, 'Express');
  const socket = new WebSocket((await app.getUrl()).replace('http', 'ws'));
  await once(socket, 'open');
  const ask = async (): Promise<string> => {
    const answer = once(socket, 'message');
    socket.send(JSON.stringify({ event: 'limited', data: {} }));
    return String((await answer)[0]);
  };
  for (let hit = 0; hit < 3; hit += 1) assert.match(await ask(), /"done"/);
  assert.match(await ask(), /too many/);
  socket.close();
  await app.close();
  await server.close();
  process.stdout.write('WebSocket\n');
}

/** A storage that was made of options ends with the application. */
async function ofItsOwn(): Promise<void> {
  const server = await MemcachedServer.start();
  const storage = new MemcachedThrottlerStorage({ servers: server.address });
  const throttlers = ThrottlerModule.forRoot({ throttlers: [{ ttl: 60_000, limit: 3 }], storage });
  const module = await Test.createTestingModule({ imports: [throttlers] }).compile();
  const app = await module.createNestApplication({ logger: false }).init();
  await storage.increment('key', 60_000, 2, 60_000, 'default');
  await app.close();
  await assert.rejects(storage.increment('key', 60_000, 2, 60_000, 'default'), /closed/);
  await server.close();
  process.stdout.write('closed\n');
}

const server = await MemcachedServer.start();
const service = new MemcachedService({ servers: server.address });
await asInMemory(service);
await service.close();
await server.close();
await overHttp('Express');
await overHttp('Fastify');
await overGraphql();
await overWebSocket();
await ofItsOwn();
