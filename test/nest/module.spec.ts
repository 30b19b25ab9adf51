import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import request from 'supertest';
import {
  Cacheable,
  CacheEvict,
  CasUpdate,
  Current,
  getMemcachedToken,
  MemcachedModule,
  type MemcachedModuleOptions,
  type MemcachedOptionsFactory,
  MemcachedService,
} from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';

@Injectable()
class Settings implements MemcachedOptionsFactory {
  static server = '';

  createMemcachedOptions(): MemcachedModuleOptions {
    return { servers: Settings.server };
  }
}

@Module({
  providers: [Settings, { provide: 'server', useFactory: () => Settings.server }],
  exports: [Settings, 'server'],
})
class SettingsModule {}

@Controller('stock')
class Stock {
  loads = 0;

  @Get(':id')
  @Cacheable({ key: 'shown:{0}', ttl: '1m' })
  async show(@Param('id') id: string): Promise<object> {
    this.loads += 1;
    return { id, load: this.loads };
  }

  @CacheEvict({ key: 'shown:{0}' })
  @CasUpdate({ key: 'stock:{0}' })
  async take(_id: string, pieces: number, @Current() left = 900): Promise<number> {
    return left - pieces;
  }
}

describe('MemcachedModule', () => {
  it.each([
    ['forRoot', () => MemcachedModule.forRoot({ servers: Settings.server })],
    [
      'a factory',
      () =>
        MemcachedModule.forRootAsync({
          imports: [SettingsModule],
          inject: ['server'],
          useFactory: async (servers: string) => ({ servers }),
        }),
    ],
    ['a class', () => MemcachedModule.forRootAsync({ useClass: Settings })],
    [
      'an existing provider',
      () => MemcachedModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }),
    ],
  ])('takes its options from %s', async (_name, imported) => {
    await using server = await MemcachedServer.start();
    Settings.server = server.address;
    const testing = await Test.createTestingModule({ imports: [imported()] }).compile();
    await testing.init();
    const memcached = testing.get(MemcachedService);
    expect(memcached).toBe(testing.get(getMemcachedToken()));
    expect(memcached.serverFor('a')).toBe(server.address);
    expect(await memcached.set('a', 1)).toBe(true);
    expect(await memcached.get('a')).toBe(1);
    await testing.close();
  });

  it.each([
    ['none', {}],
    ['several', { useClass: Settings, useExisting: Settings }],
  ])('asks for one source of options, and refuses %s', (what, options) => {
    expect(() => MemcachedModule.forRootAsync(options)).toThrow(
      `forRootAsync: expected one of useFactory, useClass and useExisting, got ${what}`,
    );
  });

  it.each([
    ['10.0.0.1:11211', "{ servers: '10.0.0.1:11211' }, got '10.0.0.1:11211'"],
    ['memcached://user:secret@host', "{ servers: '127.0.0.1:11211' }, got a string"],
    [5, "{ servers: '127.0.0.1:11211' }, got 5"],
    [null, "{ servers: '127.0.0.1:11211' }, got null"],
    [[], "{ servers: '127.0.0.1:11211' }, got an array"],
  ])('tells whoever wrote %j in place of the options what to write', async (given, message) => {
    const wanted = `expected an object such as ${message}`;
    expect(() => MemcachedModule.forRoot(given as never)).toThrow(`forRoot: ${wanted}`);
    expect(() => MemcachedModule.forRootAsync(given as never)).toThrow(
      'forRootAsync: expected an object such as { useFactory: () => ({}) }, got ',
    );
    expect(() => new MemcachedService(given as never)).toThrow(wanted);
    if (given === null) return;
    const imports = [MemcachedModule.forRootAsync({ useFactory: () => given as never })];
    await expect(Test.createTestingModule({ imports }).compile()).rejects.toThrow(`forRootAsync: ${wanted}`);
  });

  it('reads its options once', async () => {
    await using server = await MemcachedServer.start();
    let reads = 0;
    const options = {
      servers: server.address,
      get codec() {
        reads += 1;
        return 'json' as const;
      },
    };
    const imported = MemcachedModule.forRootAsync({ useFactory: () => options });
    const app = await NestFactory.createApplicationContext(imported, { logger: false });
    await app.close();
    expect(reads).toBe(1);
  });

  it('provides several instances under their names, globally or not', async () => {
    await using one = await MemcachedServer.start();
    await using other = await MemcachedServer.start();
    @Injectable()
    class Outside {
      constructor(@Inject(getMemcachedToken('sessions')) readonly sessions: MemcachedService) {}
    }
    @Module({ providers: [Outside] })
    class OutsideModule {}
    const testing = await Test.createTestingModule({
      imports: [
        MemcachedModule.forRoot({ servers: one.address }),
        MemcachedModule.forRootAsync({
          name: 'sessions',
          isGlobal: true,
          useFactory: () => ({ servers: other.address }),
        }),
        OutsideModule,
      ],
    }).compile();
    await testing.init();
    expect(testing.get(MemcachedService).serverFor('a')).toBe(one.address);
    expect(testing.get(Outside).sessions.serverFor('a')).toBe(other.address);
    await testing.close();
  });

  it('caches, updates and evicts over the wire, and goes on without a server', async () => {
    await using server = await MemcachedServer.start();
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address })],
      controllers: [Stock],
    }).compile();
    const app = testing.createNestApplication({ logger: false });
    await app.init();
    const show = async (): Promise<unknown> =>
      (
        await request(app.getHttpServer() as never)
          .get('/stock/lamp')
          .expect(200)
      ).body;
    expect(await show()).toEqual({ id: 'lamp', load: 1 });
    expect(await show()).toEqual({ id: 'lamp', load: 1 });
    const left = await Promise.all(Array.from({ length: 20 }, () => app.get(Stock).take('lamp', 1)));
    expect(left.toSorted((a, b) => b - a)).toEqual(Array.from({ length: 20 }, (_, index) => 899 - index));
    expect(await app.get(MemcachedService).get('stock:lamp')).toBe(880);
    expect(await show()).toEqual({ id: 'lamp', load: 2 });
    await server.close();
    expect(await show()).toEqual({ id: 'lamp', load: 3 });
    await app.close();
  });

  it('computes behind responses in the async context of the call that found the value stale', async () => {
    await using server = await MemcachedServer.start();
    const context = new AsyncLocalStorage<string>();
    const memcached = new MemcachedService({ servers: server.address, cache: { ttl: '1s', grace: '1m' } });
    const seen: unknown[] = [];
    const refreshed = new EventEmitter();
    const load = () => {
      seen.push(context.getStore());
      if (seen.length > 1) refreshed.emit('done');
      return seen.length;
    };
    const done = once(refreshed, 'done');
    await context.run('first', () => memcached.getOrSet('a', load));
    await memcached.invalidate('a', { soft: '1m' });
    expect(await context.run('second', () => memcached.getOrSet('a', load))).toBe(1);
    await done;
    expect(seen).toEqual(['first', 'second']);
    await memcached.close();
  });

  it('leaves no socket and no timer behind, nor one request that hangs', async () => {
    await using server = await MemcachedServer.start();
    const handles = () =>
      process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|Timeout)$/.test(name));
    @Module({ imports: [MemcachedModule.forRoot({ servers: server.address })], controllers: [Stock] })
    class Shop {}
    const before = handles().length;
    const app = await NestFactory.create(Shop, { logger: false });
    await app.init();
    const memcached = app.get(MemcachedService);
    await memcached.set('a', 1);
    const inFlight = Promise.all([memcached.get('a'), memcached.getOrSet('b', async () => 2)]);
    await app.close();
    expect(await inFlight).toEqual([1, 2]);
    await expect(memcached.get('a')).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
    await server.close();
    expect(handles().length).toBeLessThanOrEqual(before);
  });

  it('keeps all methods of the client and the cache', async () => {
    await using server = await MemcachedServer.start();
    const memcached = new MemcachedService({ servers: server.address });
    expect(await memcached.getOrSet('a', () => 1, { ttl: '1m', tags: ['t'] })).toBe(1);
    expect(await memcached.get('a')).toBe(1);
    await memcached.invalidateTags('t');
    expect(await memcached.get('a')).toBeUndefined();
    await memcached.set('b', 2);
    expect(await memcached.update<number>('b', (value) => (value ?? 0) + 1)).toBe(3);
    const many = await memcached.getOrSetMany(
      [1, 2],
      (id) => `many:${id}`,
      (ids) => new Map(ids.map((id) => [id, id * 10])),
    );
    expect([...many]).toEqual([
      [1, 10],
      [2, 20],
    ]);
    expect(await memcached.withLock('lock', { ttl: '5s' }, () => 'worked')).toEqual({
      locked: true,
      value: 'worked',
      fence: expect.any(Number),
    });
    expect(memcached.counters.load).toBe(3);
    expect(() => memcached.policy({ ttl: 30 }, 'mine')).toThrow('mine.ttl: 30 ms is below one second');
    await memcached.close();
    await memcached.close();
  });
});
