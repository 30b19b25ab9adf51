import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { on, EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { map, type Observable } from 'rxjs';
import { HttpCache, HttpCacheInterceptor, MemcachedModule } from '../../../lib/index.js';
import { holdsStream } from '../../../lib/nest/methods/streams.js';
import { httpApp, PLATFORMS } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

let runs = 0;

async function* rows(): AsyncGenerator<object> {
  runs += 1;
  yield { run: runs };
  yield { last: true };
}

/** Ends by itself, as that of a driver does. */
function events(): AsyncIterable<unknown> {
  const emitter = new EventEmitter();
  const iterable = on(emitter, 'row', { close: ['end'] });
  runs += 1;
  emitter.emit('row', runs);
  emitter.emit('row', 'last');
  emitter.emit('end');
  return iterable;
}

function queryOf(iterate: () => AsyncGenerator<object>): object {
  return Object.assign(Promise.resolve(), { [Symbol.asyncIterator]: iterate });
}

@Injectable()
class Envelope implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Controller()
class Streams {
  @Get('generator')
  @HttpCache(everyone)
  generator(): unknown {
    return rows();
  }

  @Get('events')
  @HttpCache(everyone)
  events(): unknown {
    return events();
  }

  @Get('web')
  @HttpCache(everyone)
  web(): unknown {
    runs += 1;
    return Readable.toWeb(Readable.from([`run ${runs}`]));
  }

  @Get('wrapped')
  @HttpCache(everyone)
  @UseInterceptors(Envelope)
  wrapped(): unknown {
    return rows();
  }

  @Get('wrapped-web')
  @HttpCache(everyone)
  @UseInterceptors(Envelope)
  wrappedWeb(): unknown {
    runs += 1;
    return Readable.toWeb(Readable.from([`run ${runs}`]));
  }
}

const routes = ['generator', 'events', 'web', 'wrapped', 'wrapped-web'];

describe.each(PLATFORMS)('a stream on %s', (platform) => {
  it.each(routes)('is streamed each time, and the log says so once: %s', async (path) => {
    for (const providers of [[], [{ provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor }]]) {
      await using nest = await httpApp(platform, { controllers: [Streams], providers });
      runs = 0;
      for (const run of [1, 2]) {
        const { status, text } = await nest.get(`/${path}`);
        expect([status, text]).toEqual([200, expect.stringContaining(String(run))]);
        expect(text).not.toMatch(/^\{?\}?$/);
      }
      expect(runs).toBe(2);
      expect(nest.warnings).toEqual([expect.stringContaining('a stream can be read once')]);
    }
  });
});

it('of an async generator is refused when the application starts', async () => {
  @Controller()
  class Exports {
    @Get()
    @HttpCache(everyone)
    async *all() {
      yield { row: 1 };
    }
  }
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers: '127.0.0.1:1' })],
    controllers: [Exports],
  }).compile();
  const app = testing.createNestApplication({ logger: false });
  await expect(app.init()).rejects.toThrow(
    'Exports.all @HttpCache: it returns an async generator, which can be read once and not be stored; return a Buffer',
  );
  await app.close();
});

it.each<[string, unknown, boolean]>([
  ['an answer of fetch', new Response('text'), true],
  ['one in an object', { data: new Response('text') }, true],
  ['a query that is asked by then, as one of Mongoose', queryOf(rows), false],
  [
    'an entity with a stream of its own',
    {
      attachment: new (class {
        getStream = rows;
      })(),
    },
    false,
  ],
  [
    'a stream in an instance of a class',
    new (class {
      source = Readable.from([]);
    })(),
    false,
  ],
  ['a list', [1], false],
  ['null', null, false],
  ['nothing', undefined, false],
])('is told from what is none: %s', (_, value, expected) => {
  expect(holdsStream(value)).toBe(expected);
});
