import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { map } from 'rxjs';
import { Cacheable, CacheBatch, CacheDefaults, HttpCache } from '../../lib/index.js';
import { httpApp, PLATFORMS } from './support/http-apps.js';

/** Writes into what a route returns, as many an application does. */
@Injectable()
class You implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return next.handle().pipe(map((body: { you?: string }) => ((body.you ??= headers['x-user']), body)));
  }
}

/** Holds runs of methods back until as many requests have come as are awaited. */
class Gate {
  #open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.#open = resolve));
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  come(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#open();
  }
}

let gate = new Gate(1);

class Entity {
  you?: string;
}

@Controller()
class Pages {
  static runs = 0;

  @Get('cacheable')
  @Cacheable({ key: 'page' })
  async page(): Promise<object> {
    await gate.opened;
    Pages.runs += 1;
    return { list: [1] };
  }

  @Get('batch')
  async batch(): Promise<object> {
    return (await this.many([1]))[0];
  }

  @CacheBatch<Pages['many']>({ key: 'many:{0}' })
  async many(ids: readonly number[]): Promise<{ id: number }[]> {
    await gate.opened;
    Pages.runs += 1;
    return ids.map((id) => ({ id }));
  }

  @Get('http')
  @HttpCache({ audience: 'authorized', ttl: '1m' })
  async http(): Promise<object> {
    await gate.opened;
    Pages.runs += 1;
    return { list: [1] };
  }

  @Get('entity')
  @Cacheable({ key: 'entity' })
  async entity(): Promise<Entity> {
    await gate.opened;
    Pages.runs += 1;
    return new Entity();
  }
}

@CacheDefaults({ share: 'same' })
@Controller('same')
class Same {
  @Get()
  @Cacheable({ key: 'same' })
  async page(): Promise<object> {
    await gate.opened;
    return { list: [1] };
  }
}

describe.each(PLATFORMS)('requests that wait for one value on %s', (platform) => {
  const start = () =>
    httpApp(platform, {
      controllers: [Pages, Same],
      providers: [{ provide: APP_INTERCEPTOR, useClass: You }],
      prepare: (app) => {
        const platformApp = app.getHttpAdapter().getInstance() as {
          use?: (middleware: unknown) => void;
          addHook?: (name: string, hook: unknown) => void;
        };
        const count = (_request: unknown, _response: unknown, next: () => void): void => {
          gate.come();
          next();
        };
        if (platformApp.addHook === undefined) platformApp.use?.(count);
        else platformApp.addHook('onRequest', count);
      },
    });
  const users = ['ann', 'bob', 'eve'];

  it.each([
    ['cacheable', 1],
    ['batch', 1],
    ['http', 1],
    // It cannot be stored, and so not be copied.
    ['entity', undefined],
  ])('get each a body of his own: /%s', async (path, runs) => {
    await using nest = await start();
    gate = new Gate(users.length);
    Pages.runs = 0;
    const ask = () => Promise.all(users.map((user) => nest.get(`/${path}`, { 'x-user': user })));
    expect((await ask()).map(({ body }) => (body as Entity).you)).toEqual(users);
    if (runs !== undefined) expect(Pages.runs).toBe(runs);
    expect((await ask()).map(({ body }) => (body as Entity).you)).toEqual(users);
  });

  it("share one where the class says share: 'same'", async () => {
    await using nest = await start();
    gate = new Gate(users.length);
    const bodies = await Promise.all(users.map((user) => nest.get('/same', { 'x-user': user })));
    expect(new Set(bodies.map(({ text }) => text)).size).toBe(1);
  });
});
