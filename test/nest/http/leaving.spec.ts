import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  RequestTimeoutException,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { from, mergeMap, NEVER, type Observable, race } from 'rxjs';
import { HttpCache } from '../../../lib/index.js';
import { type HttpApp, httpApp, type HttpAppOptions, PLATFORMS, setHeader } from '../support/http-apps.js';

@Controller()
class Slow {
  static runs = 0;
  static readonly gate = new EventEmitter();

  @Get('slow')
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  async slow() {
    Slow.runs += 1;
    const run = Slow.runs;
    if (run === 1) await once(Slow.gate, 'open');
    return { run };
  }
}

/** Gives up on the first request, as a time-out would. */
@Injectable()
class Impatient implements NestInterceptor {
  static readonly gate = new EventEmitter();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    if (headers['x-impatient'] === undefined) return next.handle();
    const givesUp = once(Impatient.gate, 'late').then(() => {
      throw new RequestTimeoutException();
    });
    return race(next.handle(), from(givesUp));
  }
}

/** Has answers wait, and say whose they are. */
@Injectable()
class CookieBehind implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<object>();
    return next.handle().pipe(
      mergeMap(async (value: unknown) => {
        await pause(50);
        setHeader(response, 'set-cookie', 'seen=1');
        return value;
      }),
    );
  }
}

/** Never lets through what is made for a request that says so. */
@Injectable()
class Silent implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const isMeant = headers['x-silent'] !== undefined;
    return next.handle().pipe(mergeMap((value: unknown) => (isMeant ? NEVER : [value])));
  }
}

interface RawResponse extends EventEmitter {
  setHeader(name: string, value: string): void;
  writeHead: (...args: unknown[]) => unknown;
}

type Middleware = (request: object, response: RawResponse, next: () => void) => void;

/** Sets a cookie as the head is written, as sessions do. */
const cookieAtLast: Middleware = (_request, response, next) => {
  const { writeHead } = response;
  response.writeHead = (...args) => {
    response.setHeader('set-cookie', 'seen=1');
    return Reflect.apply(writeHead, response, args);
  };
  next();
};

/** What the application knows of clients that are gone. */
const gone = new EventEmitter();
const noticing: Middleware = (_request, response, next) => {
  response.once('close', () => gone.emit('one'));
  next();
};

/** An application with one slow route. */
function start(
  platform: (typeof PLATFORMS)[number],
  options: Partial<HttpAppOptions> = {},
): Promise<HttpApp> {
  Slow.runs = 0;
  return httpApp(platform, {
    controllers: [Slow],
    ...options,
    prepare: (app) => {
      app.use(noticing);
      options.prepare?.(app);
    },
  });
}

/** Asks for the slow answer, and leaves before it is made, as the application has noticed by then. */
async function askAndLeave(nest: HttpApp, headers: Record<string, string> = {}): Promise<void> {
  const leaving = request(`${await nest.app.getUrl()}/slow`, { agent: false, headers });
  leaving.on('error', () => undefined);
  leaving.end();
  await until(() => Slow.runs === 1);
  const left = once(gone, 'one');
  leaving.destroy();
  await left;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe.each(PLATFORMS)('a client that does not wait on %s', (platform) => {
  it.each([[[]], [[{ provide: APP_INTERCEPTOR, useClass: Impatient }]]])(
    'holds up nobody who waits for the same answer (%#)',
    async (providers) => {
      Slow.runs = 0;
      await using nest = await httpApp(platform, { controllers: [Slow], providers });
      const leaving = request(`${await nest.app.getUrl()}/slow`, { agent: false });
      leaving.on('error', () => undefined);
      leaving.end();
      await until(() => Slow.runs === 1);
      const staying = nest.get('/slow');
      const left = new Promise((resolve) => leaving.on('close', resolve));
      leaving.destroy();
      await left;
      Slow.gate.emit('open');
      expect((await staying).status).toBe(200);
      expect((await nest.get('/slow')).headers.age).toBe('0');
    },
  );

  it('nor does one whom an interceptor further out has answered', async () => {
    Slow.runs = 0;
    await using nest = await httpApp(platform, {
      controllers: [Slow],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Impatient }],
    });
    const impatient = nest.get('/slow', { 'x-impatient': 'yes' });
    await until(() => Slow.runs === 1);
    const staying = nest.get('/slow');
    Impatient.gate.emit('late');
    expect((await impatient).status).toBe(408);
    Slow.gate.emit('open');
    expect((await staying).status).toBe(200);
  });

  it.each([[[]], [[{ provide: APP_INTERCEPTOR, useClass: Impatient }]]])(
    'has its answer stored all the same, once it is known what would have been said to it (%#)',
    async (providers) => {
      await using nest = await start(platform, { providers });
      await askAndLeave(nest);
      Slow.gate.emit('open');
      const { body, headers } = await nest.get('/slow');
      expect([body, headers.age]).toEqual([{ run: 1 }, '0']);
    },
  );

  it.each<[string, Partial<HttpAppOptions>]>([
    ['an interceptor further out', { providers: [{ provide: APP_INTERCEPTOR, useClass: CookieBehind }] }],
    ['middleware, as the head is written', { prepare: (app) => app.use(cookieAtLast) }],
  ])('has none stored that would have set a cookie, by %s', async (_, options) => {
    await using nest = await start(platform, options);
    await askAndLeave(nest);
    Slow.gate.emit('open');
    const later = [await nest.get('/slow'), await nest.get('/slow')];
    expect(later.map(({ body }) => body)).toEqual([{ run: 2 }, { run: 3 }]);
    expect(later.map(({ headers }) => headers.age)).toEqual([undefined, undefined]);
  });

  it('holds up nobody whom an interceptor further out never answers', async () => {
    await using nest = await start(platform, {
      providers: [{ provide: APP_INTERCEPTOR, useClass: Silent }],
    });
    await askAndLeave(nest, { 'x-silent': 'yes' });
    Slow.gate.emit('open');
    expect((await nest.get('/slow')).body).toEqual({ run: 2 });
    expect((await nest.get('/slow')).headers.age).toBe('0');
  });
});

it('has none stored to which a hook of Fastify would have added a cookie', async () => {
  await using nest = await start('fastify', {
    prepare: (app) =>
      (app.getHttpAdapter().getInstance() as FastifyLike).addHook(
        'onSend',
        async (_request, reply, payload) => {
          await pause(50);
          reply.header('set-cookie', 'seen=1');
          return payload;
        },
      ),
  });
  await askAndLeave(nest);
  Slow.gate.emit('open');
  const later = [await nest.get('/slow'), await nest.get('/slow')];
  expect(later.map(({ body }) => body)).toEqual([{ run: 2 }, { run: 3 }]);
});

/** What is asked of Fastify itself. */
interface FastifyLike {
  addHook(
    name: 'onSend',
    hook: (
      request: object,
      reply: { header(name: string, value: string): unknown },
      payload: unknown,
    ) => Promise<unknown>,
  ): void;
}
