import { describe, expect, it } from '@jest/globals';
import {
  applyDecorators,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type NestInterceptor,
  Redirect,
  type Type,
  UseGuards,
  UseInterceptors,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  HttpCache,
  HttpCacheInterceptor,
  type HttpCacheOptions,
  MemcachedModule,
} from '../../../lib/index.js';

const early = { audience: 'everyone', ttl: '1m', early: true } as const;

const before = { ...early, early: 'before-middleware' } as const;

@Injectable()
class Guard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class Logging implements NestInterceptor {
  intercept(_: ExecutionContext, next: { handle(): never }) {
    return next.handle();
  }
}

@Injectable()
class Choosing extends HttpCacheInterceptor {
  protected override isRequestCacheable(): boolean {
    return true;
  }
}

@Injectable()
class OfRequest {
  constructor(@Inject(REQUEST) readonly request: object) {}
}

const nothing = applyDecorators();

/** A controller with one route. */
function pages(
  onClass: ClassDecorator = nothing,
  above: MethodDecorator = nothing,
  below: MethodDecorator = nothing,
  options: HttpCacheOptions = early,
  dependency: Type = Object,
): Type {
  @onClass
  @Controller('pages')
  class Pages {
    constructor(@Inject(dependency) readonly dependency: object) {}

    @Get()
    @above
    @HttpCache(options)
    @below
    list() {
      return [];
    }
  }
  return Pages;
}

function beforeMiddleware(more: Partial<HttpCacheOptions> = {}): Type {
  return pages(nothing, nothing, nothing, { ...before, ...more });
}

async function problem(
  controller: Type,
  providers: object[] = [],
  prepare: (app: INestApplication) => void = () => {},
): Promise<string> {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ isGlobal: true, servers: '127.0.0.1:1' })],
    controllers: [controller],
    providers: [{ provide: Object, useValue: {} }, ...(providers as never[])],
  }).compile();
  const app = testing.createNestApplication({ logger: false });
  prepare(app);
  try {
    await app.init();
    return 'none';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await app.close();
  }
}

function versions(type: VersioningType): (app: INestApplication) => void {
  return (app) =>
    void app.enableVersioning({
      type,
      header: 'x-version',
      key: 'v=',
      extractor: () => '1',
      defaultVersion: undefined,
    });
}

const GUARDED = 'the guard Guard may turn requests away';
const FURTHER_OUT = 'the interceptor Logging stands further out';
const VERSIONED = 'its version is asked for by a header';

type Case = readonly [name: string, expected: string, ...given: Parameters<typeof problem>];

const REFUSED: readonly Case[] = [
  ['a guard of the route', GUARDED, pages(nothing, UseGuards(Guard))],
  ['a guard below it', GUARDED, pages(nothing, nothing, UseGuards(Guard))],
  ['a guard of the controller', GUARDED, pages(UseGuards(new Guard()))],
  ['a global guard', GUARDED, pages(), [{ provide: APP_GUARD, useClass: Guard }]],
  ['a global guard of main.ts', GUARDED, pages(), [], (app) => app.useGlobalGuards(new Guard())],
  ['an interceptor of the controller', FURTHER_OUT, pages(UseInterceptors(Logging))],
  ['an interceptor below it', FURTHER_OUT, pages(nothing, nothing, UseInterceptors(Logging))],
  ['a global interceptor', FURTHER_OUT, pages(), [{ provide: APP_INTERCEPTOR, useClass: Logging }]],
  [
    'a global interceptor of main.ts',
    FURTHER_OUT,
    pages(),
    [],
    (app) => app.useGlobalInterceptors(new Logging()),
  ],
  [
    'an heir that chooses',
    'Choosing chooses requests',
    pages(),
    [{ provide: APP_INTERCEPTOR, useClass: Choosing }],
  ],
  ['a redirect', '@Redirect()', pages(nothing, Redirect('/'))],
  ['a host', 'certain hosts', pages(Controller({ path: 'pages', host: 'a.example' }))],
  [
    'an object of the request',
    'made for each request',
    pages(nothing, nothing, nothing, early, OfRequest),
    [OfRequest],
  ],
  ['versions by header', VERSIONED, pages(nothing, Version('1')), [], versions(VersioningType.HEADER)],
  [
    'versions by media type',
    VERSIONED,
    pages(nothing, Version('1')),
    [],
    versions(VersioningType.MEDIA_TYPE),
  ],
  ['versions by a function', VERSIONED, pages(nothing, Version('1')), [], versions(VersioningType.CUSTOM)],
  [
    'several versions',
    VERSIONED,
    pages(nothing, Version(['1', VERSION_NEUTRAL])),
    [],
    versions(VersioningType.HEADER),
  ],
  [
    'another audience',
    "say audience: 'everyone'",
    pages(nothing, nothing, nothing, { ...early, audience: 'authorized' }),
  ],
  ['a whole class', "'early' is said of routes", pages(HttpCache(early))],
  ['a whole class before middleware', "'early' is said of routes", pages(HttpCache(before))],
  ['a guard, before middleware', GUARDED, pages(UseGuards(Guard), nothing, nothing, before)],
  [
    'a version that a function finds',
    'asked for by a function',
    beforeMiddleware(),
    [],
    versions(VersioningType.CUSTOM),
  ],
  ['a function that chooses', 'is asked of each request', beforeMiddleware({ when: () => true })],
  ['a function in the key', 'is asked of each request', beforeMiddleware({ varyBy: [() => 'a'] })],
  ['a function that refreshes', 'is asked of each request', beforeMiddleware({ forceFresh: () => true })],
  [
    'another word',
    "did you mean 'before-middleware'?",
    beforeMiddleware({ early: 'before-middlewares' as never }),
  ],
];

const FINE: readonly Case[] = [
  ['nothing', 'none', pages()],
  ['nothing, before middleware', 'none', beforeMiddleware({ tags: () => ['a'], vary: ['accept-language'] })],
  ['versions by header, before middleware', 'none', beforeMiddleware(), [], versions(VersioningType.HEADER)],
  ['an interceptor above it', 'none', pages(nothing, UseInterceptors(Logging))],
  [
    'an interceptor behind the global one',
    'none',
    pages(UseInterceptors(Logging)),
    [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor }],
  ],
  ['versions in the path', 'none', pages(nothing, Version('1')), [], versions(VersioningType.URI)],
  ['any version', 'none', pages(nothing, Version(VERSION_NEUTRAL)), [], versions(VersioningType.HEADER)],
];

describe('early hits are refused when the application starts', () => {
  it.each(REFUSED)('for %s', async (_name, expected, ...given) => {
    const message = await problem(...given);
    expect(message).toContain(expected);
    expect(message).toContain('Pages');
  });

  it.each(FINE)('not for %s', async (_name, expected, ...given) => {
    expect(await problem(...given)).toBe(expected);
  });

  it.each([early, before])('in the interceptor for all routes: %j', (options) => {
    expect(() => HttpCacheInterceptor.of(options)).toThrow('is said of routes, one by one');
  });
});
