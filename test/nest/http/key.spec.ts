import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Headers,
  HostParam,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { map, type Observable } from 'rxjs';
import { HttpCache, MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { httpApp, PLATFORMS, setHeader } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

interface Request {
  readonly protocol: string;
  readonly host: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string | undefined>;
}

@Controller({ host: ':tenant.example.com', path: 'home' })
class Tenants {
  @Get()
  @HttpCache(everyone)
  home(@HostParam('tenant') tenant: string, @Req() { protocol }: Request) {
    return { tenant, protocol };
  }
}

/** Each answer depends on a header of the request, and says so in a way of its own. */
@Controller('by')
class Languages {
  static runs = 0;

  @Get('decorator')
  @Header('Vary', 'X-Language')
  @HttpCache(everyone)
  byDecorator(@Req() { headers }: Request) {
    return answer(headers);
  }

  @Get('method')
  @HttpCache(everyone)
  byMethod(@Req() { headers }: Request, @Res({ passthrough: true }) response: object) {
    setHeader(response, 'Vary', 'x-language');
    return answer(headers);
  }

  @Get('parameter')
  @HttpCache(everyone)
  byParameter(@Headers('X-Language') language: string) {
    return answer({ 'x-language': language });
  }

  @Get('middleware')
  @HttpCache(everyone)
  byMiddleware(@Req() { headers }: Request) {
    return answer(headers);
  }

  @Get('late')
  @HttpCache(everyone)
  byLateMiddleware(@Req() { headers }: Request) {
    return answer(headers);
  }

  @Get('interceptor')
  @HttpCache(everyone)
  byInterceptor(@Req() { headers }: Request) {
    return answer(headers);
  }

  @Get('cookie')
  @HttpCache({ audience: 'authorized', ttl: '1m', maxAge: '1m' })
  byCookie(@Req() { headers }: Request, @Res({ passthrough: true }) response: object) {
    setHeader(response, 'Vary', 'Cookie');
    return answer({ 'x-language': headers.cookie });
  }

  @Get('everything')
  @HttpCache(everyone)
  byEverything(@Req() { headers }: Request, @Res({ passthrough: true }) response: object) {
    setHeader(response, 'Vary', '*');
    return answer(headers);
  }

  @Get('everything-declared')
  @Header('Vary', '*')
  @HttpCache(everyone)
  byEverythingDeclared(@Req() { headers }: Request) {
    return answer(headers);
  }
}

function answer(headers: Record<string, string | undefined>) {
  Languages.runs += 1;
  return { language: headers['x-language'], run: Languages.runs };
}

@Injectable()
class VaryBehind implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      map((value: unknown) => {
        const { url } = http.getRequest<{ url: string }>();
        if (url.endsWith('interceptor')) setHeader(http.getResponse<object>(), 'vary', 'x-language');
        return value;
      }),
    );
  }
}

interface RawResponse {
  setHeader(name: string, value: string): void;
  writeHead: (...args: unknown[]) => unknown;
}

/** Says `Vary` before the route is reached, and as the head is written, as compression does. */
function middleware(request: { url: string; originalUrl?: string }, response: RawResponse, next: () => void) {
  const path = request.originalUrl ?? request.url;
  if (path.endsWith('middleware')) response.setHeader('vary', 'X-Language');
  if (path.endsWith('late')) {
    const { writeHead } = response;
    response.writeHead = (...args) => {
      response.setHeader('vary', 'X-Language');
      return Reflect.apply(writeHead, response, args);
    };
  }
  next();
}

@Controller('queries')
class Queries {
  static runs = 0;

  @Get('some')
  @HttpCache({ ...everyone, query: ['page', 'filter'] })
  some(@Query() query: object) {
    Queries.runs += 1;
    return query;
  }

  @Get('others')
  @HttpCache({ ...everyone, query: { except: ['utm_*', 'ref'] } })
  others(@Query() query: object) {
    Queries.runs += 1;
    return query;
  }

  @Get('plan')
  @HttpCache({ ...everyone, varyBy: [({ headers }) => headers['x-plan']] })
  plan(@Req() { headers }: Request) {
    Queries.runs += 1;
    return { plan: headers['x-plan'], run: Queries.runs };
  }
}

describe.each(PLATFORMS)('the key of an answer on %s', (platform) => {
  it('bears the host and the protocol that a trusted proxy names', async () => {
    await using nest = await httpApp(platform, {
      controllers: [Tenants],
      fastify: { trustProxy: true },
      prepare: (app) => {
        if (platform === 'express') settingOf(app).set('trust proxy', true);
      },
    });
    const via = (tenant: string, protocol: string) =>
      nest.get('/home', { 'x-forwarded-host': `${tenant}.example.com`, 'x-forwarded-proto': protocol });
    for (const tenant of ['acme', 'globex']) {
      for (const protocol of ['http', 'https']) {
        expect((await via(tenant, protocol)).body).toEqual({ tenant, protocol });
        expect((await via(tenant, protocol)).headers.age).toBe('0');
      }
    }
  });

  it('does not bear what a proxy says that nobody trusts', async () => {
    await using nest = await httpApp(platform, { controllers: [Languages] });
    await nest.get('/by/parameter');
    const { headers } = await nest.get('/by/parameter', { 'x-forwarded-host': 'evil.example' });
    expect(headers.age).toBe('0');
  });

  it.each(['decorator', 'method', 'parameter', 'middleware', 'late', 'interceptor'])(
    'bears what `Vary` names, said by %s',
    async (who) => {
      await using nest = await httpApp(platform, {
        controllers: [Languages],
        providers: [{ provide: APP_INTERCEPTOR, useClass: VaryBehind }],
        prepare: (app) => app.use(middleware),
      });
      const languages = ['de', 'en', 'de', 'en', 'de', 'en'];
      const seen = [];
      for (const language of languages) {
        seen.push(await nest.get(`/by/${who}`, { 'x-language': language }));
      }
      expect(seen.map(({ body }) => (body as { language: string }).language)).toEqual(languages);
      expect(seen.map(({ headers }) => headers.vary?.toLowerCase())).toEqual(
        languages.map(() => 'x-language'),
      );
      expect(seen.slice(-2).map(({ headers }) => headers.age)).toEqual(['0', '0']);
    },
  );

  it('bears a header that the method names, also where browsers are told to keep users apart by it', async () => {
    await using http = await httpApp(platform, { controllers: [Languages] });
    const languages: unknown[] = [];
    for (const cookie of ['de', 'de', 'en', 'en', 'de']) {
      const { body, headers } = await http.get('/by/cookie', { cookie });
      languages.push((body as { language: string }).language);
      expect(headers.vary).toBe('cookie, authorization');
    }
    expect(languages).toEqual(['de', 'de', 'en', 'en', 'de']);
  });

  it.each([
    ['the method', 'everything', 'byEverything'],
    ['a decorator, before it', 'everything-declared', 'byEverythingDeclared'],
  ])(
    'is none for an answer of which %s says `Vary: *`, and the log says so once',
    async (_who, path, method) => {
      await using nest = await httpApp(platform, { controllers: [Languages] });
      const [first, second] = [await nest.get(`/by/${path}`), await nest.get(`/by/${path}`)];
      expect((second.body as { run: number }).run).toBe((first.body as { run: number }).run + 1);
      expect(nest.warnings).toEqual([
        expect.stringContaining(`Languages.${method} @HttpCache: its answers say 'Vary: *'`),
      ]);
      const { uncached } = await nest.app.get(MemcachedService).report();
      expect(uncached).toEqual({ [`Languages.${method} @HttpCache`]: { headers: 2 } });
    },
  );

  it.each([
    ['a fragment, behind which Express reads nothing', 'some?#&page=2', 'some?page=2'],
    ['a fragment behind what does not count', 'others?utm_x=1#&page=2', 'others?page=2'],
    ['more parameters than are read', `some?${'a&'.repeat(1000)}page=3`, 'some?page=3'],
    ['a parameter without a name', 'some?[page]=6', 'some'],
    ['the same, encoded', 'some?%5Bpage%5D=6', 'some'],
  ])('is another one for a query that may be read in another way: %s', async (_how, odd, plain) => {
    Queries.runs = 0;
    await using nest = await httpApp(platform, { controllers: [Queries] });
    await nest.get(`/queries/${odd}`);
    await nest.get(`/queries/${plain}`);
    expect(Queries.runs).toBe(2);
  });

  it('bears the query parameters that count, in whatever order', async () => {
    Queries.runs = 0;
    await using nest = await httpApp(platform, { controllers: [Queries] });
    await nest.get('/queries/some?page=2&utm_source=a&x=1');
    for (const query of ['x=7&page=2', 'page=2', 'page=2&&y[page]=3'])
      await nest.get(`/queries/some?${query}`);
    expect(Queries.runs).toBe(1);
    for (const query of ['page=3', 'page=%32', 'page=2&page=3', 'filter[a]=1&page=2']) {
      await nest.get(`/queries/some?${query}`);
    }
    expect(Queries.runs).toBe(5);
    await nest.get('/queries/others?page=2&utm_source=a&sort=x&ref=b');
    await nest.get('/queries/others?sort=x&page=2');
    expect(Queries.runs).toBe(6);
    await nest.get('/queries/others?sort=x&page=2&utm=7');
    expect(Queries.runs).toBe(7);
  });

  it('bears what the functions of `varyBy` return, and is none where one returns nothing', async () => {
    Queries.runs = 0;
    await using nest = await httpApp(platform, { controllers: [Queries] });
    for (const plan of ['free', 'paid', 'free']) {
      expect((await nest.get('/queries/plan', { 'x-plan': plan })).body).toMatchObject({ plan });
    }
    expect(Queries.runs).toBe(2);
    for (const _ of ['once', 'again']) await nest.get('/queries/plan');
    expect(Queries.runs).toBe(4);
    expect(nest.warnings).toHaveLength(1);
  });
});

it('bears the :authority of a request over HTTP/2', async () => {
  await using server = await startServer();
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers: server.address })],
    controllers: [Tenants],
  }).compile();
  const app: INestApplication = testing.createNestApplication(new FastifyAdapter({ http2: true } as object));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  for (const tenant of ['acme', 'globex']) {
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/home', ':authority': `${tenant}.example.com` });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(stream, 'end');
    session.close();
    expect(JSON.parse(text)).toMatchObject({ tenant });
  }
  await app.close();
});

async function startServer() {
  const server = await MemcachedServer.start();
  return { address: server.address, [Symbol.asyncDispose]: () => server.close() };
}

function settingOf(app: INestApplication): { set(name: string, value: unknown): void } {
  return app.getHttpAdapter().getInstance() as { set(name: string, value: unknown): void };
}
