import { describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Res,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, type PlatformResponse, PLATFORMS, setHeader } from '../support/http-apps.js';

const authorized = { audience: 'authorized', ttl: '1m', maxAge: '1m' } as const;

@Controller()
class Pages {
  @Get('plain')
  @HttpCache(authorized)
  plain() {
    return { found: true };
  }

  @Get('own')
  @HttpCache(authorized)
  own(@Res({ passthrough: true }) response: PlatformResponse) {
    setHeader(response, 'cache-control', 'private, max-age=600');
    setHeader(response, 'etag', '"own"');
    return { found: true };
  }
}

/** Finds for some requests that there is nothing. */
@Injectable()
class Refusing implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    return next.handle().pipe(
      map((value: unknown) => {
        if (headers['x-refuse'] !== undefined) throw new NotFoundException();
        return value;
      }),
    );
  }
}

/** Says of its errors what caches may do with them. */
@Catch(NotFoundException)
class Saying implements ExceptionFilter {
  catch(error: NotFoundException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<PlatformResponse & { send(body: unknown): void }>();
    setHeader(response.status(error.getStatus()), 'cache-control', 'no-store');
    response.send(error.getResponse());
  }
}

type Middleware = (
  request: object,
  response: { setHeader(name: string, value: string): void },
  next: () => void,
) => void;

const isPrivate: Middleware = (_, response, next) => {
  response.setHeader('cache-control', 'private');
  next();
};

describe.each(PLATFORMS)('an error that somebody further out makes of an answer on %s', (platform) => {
  it.each([
    ['plain', 'nothing', undefined],
    ['plain', 'middleware', 'private'],
    ['plain', 'a filter', 'no-store'],
    ['own', 'nothing', undefined],
    ['own', 'middleware', 'private'],
    ['own', 'a filter', 'no-store'],
  ])('of %s says what is said of it by %s', async (path, who, expected) => {
    await using nest = await httpApp(platform, {
      controllers: [Pages],
      providers: [
        { provide: APP_INTERCEPTOR, useClass: Refusing },
        ...(who === 'a filter' ? [{ provide: APP_FILTER, useClass: Saying }] : []),
      ],
      prepare: (app) => {
        if (who === 'middleware') app.use(isPrivate);
      },
    });
    const refused = { 'x-refuse': 'yes' };
    const answers = [await nest.get(`/${path}`, refused), await nest.get(`/${path}`)];
    answers.push(await nest.get(`/${path}`), await nest.get(`/${path}`, refused));
    expect(answers.map(({ status }) => status)).toEqual([404, 200, 200, 404]);
    expect(answers[2].headers.age).toBe('0');
    for (const { headers } of [answers[0], answers[3]]) {
      expect([headers['cache-control'], headers.age]).toEqual([expected, undefined]);
      // Express names errors, too.
      expect(headers.etag).not.toBe('"own"');
    }
  });
});
