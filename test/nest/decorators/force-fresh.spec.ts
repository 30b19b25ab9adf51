import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { firstValueFrom, Observable, of } from 'rxjs';
import {
  Cacheable,
  CacheBatch,
  CacheDefaults,
  forceFresh,
  HttpCache,
  MemcachedModule,
} from '../../../lib/index.js';
import { setImmediate as turn } from 'node:timers/promises';
import { httpApp, PLATFORMS } from '../support/http-apps.js';
import { boot } from '../support/boot.js';
import { onEmbeddedServer } from '../support/embedded.js';

@Injectable()
class Prices {
  runs = 0;

  @Cacheable({ key: 'price:{0}', tags: ['prices'] })
  async of(_id: number): Promise<number> {
    return ++this.runs;
  }

  @Cacheable({ key: 'watched:{0}' })
  watched(_id: number): Observable<number> {
    return of(++this.runs);
  }

  @CacheBatch<Prices['many']>({ key: 'many:{0}' })
  async many(ids: readonly number[]): Promise<number[]> {
    return ids.map(() => ++this.runs);
  }

  @Cacheable({ key: 'sum:{0}' })
  async sum(id: number): Promise<number[]> {
    return [++this.runs, await this.of(id)];
  }

  @Cacheable({ key: 'failing' })
  async failing(): Promise<number> {
    this.runs += 1;
    if (this.runs > 1) throw new Error('no database');
    return 1;
  }

  async plain(id: number): Promise<number> {
    await turn();
    return this.of(id);
  }
}

describe('forceFresh', () => {
  const on = onEmbeddedServer(async (servers) => {
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers })],
      providers: [{ provide: Prices, useFactory: () => new Prices() }],
    }).compile();
    return testing.init();
  });
  const prices = (): Prices => Object.assign(on.app.get(Prices), { runs: 0 });

  it('has one call compute, and stores for the others what it returned', async () => {
    const service = prices();
    expect(await service.of(1)).toBe(1);
    expect(await service.of(1)).toBe(1);
    expect(await forceFresh(() => service.of(1))).toBe(2);
    expect(await service.of(1)).toBe(2);
  });

  it('works through methods that are not decorated, and behind an await', async () => {
    const service = prices();
    await service.of(1);
    expect(await forceFresh(() => service.plain(1))).toBe(2);
    expect(await forceFresh(async () => (await turn(), service.of(1)))).toBe(3);
    expect(await service.of(1)).toBe(3);
  });

  it('works on observables, whenever they are subscribed to, and on many', async () => {
    const service = prices();
    await firstValueFrom(service.watched(1));
    const fresh = forceFresh(() => service.watched(1));
    expect(await firstValueFrom(fresh)).toBe(2);
    expect(await firstValueFrom(service.watched(1))).toBe(2);
    await service.many([1, 2]);
    expect(await forceFresh(() => service.many([2, 3]))).toEqual([5, 6]);
    expect(await service.many([1, 2, 3])).toEqual([3, 5, 6]);
  });

  it('leaves alone what the method calls in its turn', async () => {
    const service = prices();
    expect(await service.of(1)).toBe(1);
    expect(await forceFresh(() => service.sum(1))).toEqual([2, 1]);
  });

  it('throws what the method throws, and leaves what was stored', async () => {
    const service = prices();
    expect(await service.failing()).toBe(1);
    await expect(forceFresh(() => service.failing())).rejects.toThrow('no database');
    expect(await service.failing()).toBe(1);
  });

  it('is the plain method where there is no cache', async () => {
    const service = new Prices();
    expect(await forceFresh(() => service.of(1))).toBe(1);
  });

  it('is refused as an option, by which every call would compute', async () => {
    @Injectable()
    class Wrong {
      @Cacheable({ key: 'a:{0}', forceFresh: true } as object)
      async find(_id: number): Promise<number> {
        return 1;
      }
    }
    @CacheDefaults({ forceFresh: true } as object)
    @Injectable()
    class WrongToo {
      @Cacheable({ key: 'b:{0}' })
      async find(_id: number): Promise<number> {
        return 1;
      }
    }
    const mend = 'forceFresh: would have every call compute; for one call, write forceFresh(() => ';
    const boots = boot({ providers: [Wrong, WrongToo] });
    await expect(boots).rejects.toThrow(`Wrong.find @Cacheable.${mend}`);
    await expect(boots).rejects.toThrow(`WrongToo @CacheDefaults.${mend}`);
  });
});

describe.each(PLATFORMS)('forceFresh of @HttpCache on %s', (platform) => {
  @Controller('page')
  class Page {
    runs = 0;

    @Get()
    @HttpCache({
      audience: 'everyone',
      ttl: '1m',
      forceFresh: ({ headers }) => headers['x-editor'] === 'secret',
    })
    get() {
      this.runs += 1;
      return { run: this.runs };
    }
  }

  it('has the method run for those requests that the function names, and stores what it made for all', async () => {
    await using nest = await httpApp(platform, { controllers: [Page] });
    expect(await nest.get('/page')).toMatchObject({ body: { run: 1 } });
    for (const headers of [{ 'cache-control': 'no-cache' }, { pragma: 'no-cache' }])
      expect(await nest.get('/page', headers as never)).toMatchObject({ body: { run: 1 } });
    expect(await nest.get('/page', { 'x-editor': 'secret' })).toMatchObject({
      body: { run: 2 },
      headers: { 'cache-status': 'nestjs-memcached; fwd=request' },
    });
    expect(await nest.get('/page')).toMatchObject({
      body: { run: 2 },
      headers: { 'cache-status': 'nestjs-memcached; hit' },
    });
  });
});
