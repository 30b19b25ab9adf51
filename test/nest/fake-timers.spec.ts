import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { of } from 'rxjs';
import {
  Cacheable,
  CacheBatch,
  CacheEvict,
  HttpCache,
  MemcachedModule,
  MemcachedService,
} from '../../lib/index.js';
import { onEmbeddedServer } from './support/embedded.js';
import { httpApp, PLATFORMS } from './support/http-apps.js';

@Injectable()
class Shop {
  loads = 0;

  @Cacheable({ key: 'find:{0}', ttl: '1m', grace: '1m' })
  async find(id: string): Promise<{ id: string; at: Date }> {
    this.loads += 1;
    return { id, at: new Date() };
  }

  @CacheBatch({ key: 'many:{0}', ttl: '60d' })
  async many(ids: readonly string[]): Promise<string[]> {
    this.loads += 1;
    return [...ids];
  }

  @Cacheable({ key: 'seen:{0}', ttl: '1m' })
  seen(id: string) {
    this.loads += 1;
    return of(id);
  }

  @CacheEvict({ key: 'find:{0}' })
  async forget(_id: string): Promise<void> {}
}

async function start(servers: string) {
  const module = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({
        servers,
        commandTimeout: '30s',
        connectTimeout: '30s',
        cache: { lease: '30s', grace: '1h' },
      }),
    ],
    providers: [Shop],
  }).compile();
  return module.createNestApplication().init();
}

afterEach(() => {
  jest.useRealTimers();
});

const FAKES = [
  ['everything', {}],
  ['the time of day only', { doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'] }],
  ['a moment long ago', { now: new Date('2001-02-03') }],
  ['legacy timers', { legacyFakeTimers: true }],
] as const;

describe.each(FAKES)("with jest's fake timers: %s", (name, config) => {
  const at = onEmbeddedServer(start);

  const twice = async (call: () => Promise<unknown>): Promise<number> => {
    const shop = at.app.get(Shop);
    shop.loads = 0;
    const first = await call();
    expect(await call()).toEqual(first);
    return shop.loads;
  };

  it('a cached method answers from the cache', async () => {
    const shop = at.app.get(Shop);
    jest.useFakeTimers(config as never);
    expect(await twice(() => shop.find(name))).toBe(1);
    await shop.forget(name);
    expect(await twice(() => shop.find(name))).toBe(1);
    expect(await twice(() => shop.many([name, 'other']))).toBe(1);
  });

  it('a value is computed once, locked, updated and invalidated', async () => {
    const service = at.app.get(MemcachedService);
    jest.useFakeTimers(config as never);
    const load = jest.fn(async () => ({ price: 7, since: new Date() }));
    await Promise.all([service.getOrSet('mug', load), service.getOrSet('mug', load)]);
    const value = await service.getOrSet('mug', load);
    expect(value).toEqual({ price: 7, since: expect.anything() });
    expect(load).toHaveBeenCalledTimes(1);
    expect(await service.update<number>('left', (left = 8) => left - 1)).toBe(7);
    expect(await service.withLock('job', { ttl: '1m', wait: '1s' }, () => 'done')).toEqual(
      expect.objectContaining({ locked: true }),
    );
    await service.invalidate('mug', { soft: '30s' });
    expect(await service.get('mug', { stale: true })).toBeDefined();
    expect(await service.get('mug')).toBeUndefined();
  });

  it('nothing is left over once the real timers are back', async () => {
    const shop = at.app.get(Shop);
    jest.useFakeTimers(config as never);
    await shop.find('during');
    jest.useRealTimers();
    expect(await twice(() => shop.find('afterwards'))).toBe(1);
    // What another process has stored meanwhile is seen: no read is shared beyond its turn.
    const other = await start(at.servers);
    try {
      await other.get(Shop).forget('afterwards');
      const stored = await other.get(Shop).find('afterwards');
      expect(await shop.find('afterwards')).toEqual(stored);
      expect(shop.loads).toBe(1);
    } finally {
      await other.close();
    }
  });
});

describe.each(PLATFORMS)("with jest's fake timers on %s", (platform) => {
  it('a cached route answers from the cache', async () => {
    @Controller()
    class Pages {
      runs = 0;

      @Get('page')
      @HttpCache({ audience: 'everyone', ttl: '1m' })
      page() {
        this.runs += 1;
        return { run: this.runs };
      }
    }
    await using web = await httpApp(platform, { controllers: [Pages] });
    // What the HTTP platform itself waits for stays real.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'], now: new Date('2001-02-03') });
    const answers = [await web.get('/page'), await web.get('/page')];
    jest.useRealTimers();
    expect(answers.map(({ body }) => body)).toEqual([{ run: 1 }, { run: 1 }]);
    expect(Number(answers[1].headers.age)).toBeLessThan(3600);
  });
});
