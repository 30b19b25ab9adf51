import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Req,
  Res,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { HttpCache, MemcachedService } from '../../../lib/index.js';
import { type HttpApp, httpApp, type PlatformName, PLATFORMS, setHeader } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m', grace: '1m' } as const;

type Languages = readonly (string | undefined)[];

interface Request {
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
}

let runs = 0;

function answer({ headers }: Request) {
  runs += 1;
  if (headers['x-fails'] !== undefined) throw new Error('as it was asked to');
  return { language: headers['x-language'], run: runs };
}

/** The answer depends on a header, which only the answer says. */
@Controller('ordinary')
class Ordinary {
  @Get('method')
  @HttpCache(everyone)
  method(@Req() request: Request, @Res({ passthrough: true }) response: object) {
    setHeader(response, 'vary', 'x-language');
    return answer(request);
  }

  @Get('late')
  @HttpCache(everyone)
  late(@Req() request: Request) {
    return answer(request);
  }

  @Get('interceptor')
  @HttpCache(everyone)
  interceptor(@Req() request: Request) {
    return answer(request);
  }
}

@Controller('early')
class Early {
  @Get('method')
  @HttpCache({ ...everyone, early: true })
  method(@Req() request: Request, @Res({ passthrough: true }) response: object) {
    setHeader(response, 'vary', 'x-language');
    return answer(request);
  }

  @Get('late')
  @HttpCache({ ...everyone, early: true })
  late(@Req() request: Request) {
    return answer(request);
  }
}

@Controller('before')
class BeforeMiddleware {
  @Get('method')
  @HttpCache({ ...everyone, early: 'before-middleware' })
  method(@Req() request: Request, @Res({ passthrough: true }) response: object) {
    setHeader(response, 'vary', 'x-language');
    return answer(request);
  }

  @Get('late')
  @HttpCache({ ...everyone, early: 'before-middleware' })
  late(@Req() request: Request) {
    return answer(request);
  }
}

@Injectable()
class VaryBehind implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      map((value: unknown) => {
        if (http.getRequest<Request>().url.endsWith('interceptor'))
          setHeader(http.getResponse<object>(), 'vary', 'x-language');
        return value;
      }),
    );
  }
}

interface RawResponse {
  setHeader(name: string, value: string): void;
  writeHead: (...args: unknown[]) => unknown;
}

/** Says `Vary` as the head is written, as compression does. */
function middleware(request: { url: string; originalUrl?: string }, response: RawResponse, next: () => void) {
  if ((request.originalUrl ?? request.url).endsWith('late')) {
    const { writeHead } = response;
    response.writeHead = (...args) => {
      response.setHeader('vary', 'X-Language');
      return Reflect.apply(writeHead, response, args);
    };
  }
  next();
}

/** An application; on the servers of another, as a second process has them. */
function start(platform: PlatformName, path: string, other?: HttpApp): Promise<HttpApp> {
  const isOrdinary = path.startsWith('/ordinary');
  return httpApp(platform, {
    controllers: isOrdinary ? [Ordinary] : [Early, BeforeMiddleware],
    providers: isOrdinary ? [{ provide: APP_INTERCEPTOR, useClass: VaryBehind }] : [],
    prepare: (app) => app.use(middleware),
    ...(other === undefined ? {} : { memcached: { servers: other.servers } }),
  });
}

/** Asks for a path in several languages, one after the other, or in none. @returns what came. */
async function bodiesOf(nest: HttpApp, path: string, languages: Languages) {
  const bodies: { language?: string; run: number }[] = [];
  for (const language of languages) {
    const asked: Record<string, string> = { host: 'shop.example' };
    if (language !== undefined) asked['x-language'] = language;
    const { body } = await nest.get(path, asked);
    bodies.push(body as (typeof bodies)[number]);
  }
  return bodies;
}

async function languagesOf(nest: HttpApp, path: string, languages: Languages): Promise<Languages> {
  return (await bodiesOf(nest, path, languages)).map(({ language }) => language);
}

/** Puts what is stored for requests without a language under the key of a process that knows of no languages. */
async function misplace(nest: HttpApp): Promise<{ bare: string; own: string }> {
  const service = nest.app.get(MemcachedService);
  for await (const key of service.client.keys()) {
    const bare = key.replace('|!x-language', '');
    if (bare === key) continue;
    await service.set(bare, (await service.get(key))!, { ttl: '1m', grace: '1m' });
    return { bare, own: key };
  }
  throw new Error('nothing is stored for requests without a language');
}

const NONE = undefined;
const PATHS = [
  '/ordinary/method',
  '/ordinary/late',
  '/ordinary/interceptor',
  '/early/method',
  '/early/late',
  '/before/method',
  '/before/late',
];

describe.each(PLATFORMS)('a name that one process has learnt from a late `Vary` on %s', (platform) => {
  describe.each(PATHS)('of %s', (path) => {
    it.each<[string, Languages, Languages]>([
      ['a request that lacks the header', [NONE, NONE, NONE], ['de', NONE, 'de', 'de', 'de', NONE, 'fr']],
      ['a request that bears it', ['de', 'de', 'de'], [NONE, 'de', NONE, NONE, NONE, 'fr', 'de']],
      ['requests of both kinds', [NONE, 'de', NONE, 'de'], [NONE, NONE, NONE, 'de', 'de', 'de', NONE]],
    ])('keeps what another process says apart from what was said to %s', async (_, before, after) => {
      await using first = await start(platform, path);
      await using second = await start(platform, path, first);
      expect(await languagesOf(first, path, before)).toEqual(before);
      expect(await languagesOf(second, path, after)).toEqual(after);
      expect(await languagesOf(first, path, after)).toEqual(after);
    });

    it('is learnt by another with one miss, and what was stored is shared', async () => {
      await using first = await start(platform, path);
      await using second = await start(platform, path, first);
      const stored = (await bodiesOf(first, path, [NONE, NONE, NONE])).at(-1);
      const [missed, ...found] = await bodiesOf(second, path, [NONE, NONE, NONE]);
      expect(missed.run).not.toBe(stored?.run);
      expect(found).toEqual([stored, stored]);
    });
  });

  it.each(['/ordinary/method', '/early/method', '/before/method'])(
    'is heeded where an answer lies under a key without it: %s',
    async (path) => {
      await using first = await start(platform, path);
      await languagesOf(first, path, [NONE, NONE]);
      await misplace(first);
      await using second = await start(platform, path, first);
      const languages = ['de', 'de', NONE, NONE, 'de', NONE];
      expect(await languagesOf(second, path, languages)).toEqual(languages);
      await using third = await start(platform, path, first);
      runs = 0;
      expect(await languagesOf(third, path, [NONE, NONE, 'de'])).toEqual([NONE, NONE, 'de']);
      expect(runs).toBe(0);
    },
  );

  it.each(['/ordinary/method', '/early/method', '/before/method'])(
    'is heeded where such an answer is stale, and the method fails: %s',
    async (path) => {
      await using first = await start(platform, path);
      await languagesOf(first, path, [NONE, NONE]);
      const { bare, own } = await misplace(first);
      await first.app.get(MemcachedService).invalidate(bare, { soft: '1m' });
      await using second = await start(platform, path, first);
      runs = 0;
      const failing = { host: 'shop.example', 'x-fails': 'yes' };
      expect((await second.get(path, { ...failing, 'x-language': 'de' })).status).toBe(500);
      expect(runs).toBe(1);
      expect(await languagesOf(second, path, [NONE, 'de', 'de'])).toEqual([NONE, 'de', 'de']);
      // What is stale is served in its own place.
      await first.app.get(MemcachedService).invalidate(own, { soft: '1m' });
      const { status, headers } = await second.get(path, failing);
      expect([status, headers['cache-status']]).toEqual([200, 'nestjs-memcached; hit; detail=stale']);
    },
  );
});
