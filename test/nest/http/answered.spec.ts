import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  RequestTimeoutException,
  Res,
  ServiceUnavailableException,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { from, type Observable, race } from 'rxjs';
import { CodecError, HttpCache, MemcachedService } from '../../../lib/index.js';
import { type HttpApp, httpApp, type PlatformResponse, PLATFORMS } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

const gate = new EventEmitter();

@Controller()
class Routes {
  static runs = 0;

  /** Calls something of the cache's that fails. */
  @Get('fails')
  @HttpCache(everyone)
  async fails() {
    Routes.runs += 1;
    await once(gate, 'open');
    throw new CodecError('a counter could not be read');
  }

  @Get('uncountable')
  @HttpCache(everyone)
  async uncountable(@Res({ passthrough: true }) response: PlatformResponse) {
    Routes.runs += 1;
    await once(gate, 'open');
    response.status(202);
    return { run: Routes.runs };
  }

  /** The first run fails as its client leaves, as one does that asks somebody else on that client's behalf. */
  @Get('aborted')
  @HttpCache(everyone)
  async aborted() {
    Routes.runs += 1;
    const run = Routes.runs;
    await once(gate, 'open');
    if (run === 1) throw new ServiceUnavailableException('aborted');
    return { run };
  }

  @Get('plain')
  @HttpCache(everyone)
  plain() {
    Routes.runs += 1;
    return undefined;
  }

  /** Sends its answer by itself, whose head is not there yet. */
  @Get('hijacked')
  @HttpCache(everyone)
  hijacked(@Res({ passthrough: true }) reply: Hijackable) {
    Routes.runs += 1;
    reply.hijack();
    reply.raw.setHeader('content-type', 'text/csv');
    setImmediate(() => reply.raw.end(`run,${Routes.runs}`));
  }
}

/** Answers by itself, and leaves what comes after to the method. */
@Injectable()
class Answering implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Partial<Hijackable> & Hijackable['raw']>();
    response.hijack?.();
    (response.raw ?? response).end('accepted');
    return next.handle();
  }
}

interface Hijackable {
  hijack(): void;
  readonly raw: { setHeader(name: string, value: string): void; end(text: string): void };
}

/** Gives up on every request at once. */
@Injectable()
class Impatient implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const givesUp = once(gate, 'late').then(() => {
      throw new RequestTimeoutException();
    });
    return race(next.handle(), from(givesUp));
  }
}

/** What an application asks its cache for from now on. */
class Asking {
  readonly #calls;

  constructor({ app }: HttpApp) {
    this.#calls = jest.spyOn(app.get(MemcachedService), 'getOrSet').mock;
  }

  /** Until so many requests wait, of which one has the method run. */
  async isDone(times: number): Promise<void> {
    while (Routes.runs === 0 || this.#calls.results.length < times) await pause(1);
  }

  /** Until nobody waits, and nobody is told any more. */
  async isAnswered(): Promise<void> {
    await Promise.allSettled(this.#calls.results.map(({ value }) => value));
    await turn();
  }
}

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  Routes.runs = 0;
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => void process.off('unhandledRejection', onUnhandled));

describe.each(PLATFORMS)('a request on %s that was answered while it waited for another', (platform) => {
  it.each(['fails', 'uncountable'])('does not run the method, and fails nobody: %s', async (path) => {
    await using nest = await httpApp(platform, {
      controllers: [Routes],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Impatient }],
    });
    const asking = new Asking(nest);
    const both = [nest.get(`/${path}`), nest.get(`/${path}`)];
    await asking.isDone(2);
    gate.emit('late');
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([408, 408]);
    gate.emit('open');
    await asking.isAnswered();
    expect([Routes.runs, unhandled]).toEqual([1, []]);
  });
});

it.each(PLATFORMS)(
  'a request on %s that was answered before has the method run each time',
  async (platform) => {
    await using nest = await httpApp(platform, {
      controllers: [Routes],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Answering }],
    });
    for (const run of [1, 2, 3]) {
      expect((await nest.get('/plain')).text).toBe('accepted');
      while (Routes.runs < run) await pause(1);
    }
    expect([nest.warnings, unhandled]).toEqual([[], []]);
  },
);

describe.each(PLATFORMS)('the failure of a method on %s', (platform) => {
  it('is that of its request alone, where the client has left: one of those who wait asks anew', async () => {
    const gone = new EventEmitter();
    await using nest = await httpApp(platform, {
      controllers: [Routes],
      prepare: (app) =>
        app.use((_: unknown, response: EventEmitter, next: () => void) => {
          response.once('close', () => gone.emit('one'));
          next();
        }),
    });
    const asking = new Asking(nest);
    const leaving = request(`${await nest.app.getUrl()}/aborted`, { agent: false });
    leaving.on('error', () => undefined);
    leaving.end();
    await asking.isDone(1);
    const staying = [nest.get('/aborted'), nest.get('/aborted')];
    await asking.isDone(3);
    const left = once(gone, 'one');
    leaving.destroy();
    await left;
    const opening = setInterval(() => gate.emit('open'), 10);
    const answers = await Promise.all(staying);
    clearInterval(opening);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, { run: 2 }],
      [200, { run: 2 }],
    ]);
  });

  it('is that of all who wait, where it is not', async () => {
    await using nest = await httpApp(platform, { controllers: [Routes] });
    const asking = new Asking(nest);
    const all = [1, 2, 3].map(() => nest.get('/aborted'));
    await asking.isDone(3);
    gate.emit('open');
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(Routes.runs).toBe(1);
  });
});

describe.each(PLATFORMS)('an error of the cache’s own that the method throws on %s', (platform) => {
  it('is the answer to all who wait, and no fault of the cache', async () => {
    await using nest = await httpApp(platform, { controllers: [Routes] });
    const asking = new Asking(nest);
    const all = [1, 2, 3].map(() => nest.get('/fails'));
    await asking.isDone(3);
    gate.emit('open');
    const open = setInterval(() => gate.emit('open'), 10);
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([500, 500, 500]);
    clearInterval(open);
    expect(Routes.runs).toBe(1);
  });
});

it('an answer of Fastify’s that the method sends by itself is not stored', async () => {
  await using nest = await httpApp('fastify', { controllers: [Routes] });
  for (const run of [1, 2, 3]) {
    const { headers, text } = await nest.get('/hijacked');
    expect([headers['content-type'], text]).toEqual(['text/csv', `run,${run}`]);
  }
});
