import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadGatewayException,
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  type NestInterceptor,
  Res,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { RouteSchema } from '@nestjs/platform-fastify';
import type { Observable } from 'rxjs';
import { HttpCache } from '../../../lib/index.js';
import { type Answer, type HttpApp, httpApp } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

let runs = 0;

beforeEach(() => {
  runs = 0;
});

class Product {
  readonly id = 7;
  readonly secret = 'not for clients';
}

const product = (title: string) => ({
  content: {
    'application/json': { schema: { title, type: 'object', properties: { id: { type: 'integer' } } } },
  },
});

@Controller()
class Contents {
  @Get('uncached/bytes')
  uncachedBytes(@Res({ passthrough: true }) reply: Reply) {
    reply.type('application/x-protobuf').serializer(() => Buffer.of(0, 255, 7));
    return { id: 7 };
  }

  @Get('bytes')
  @HttpCache(everyone)
  bytes(@Res({ passthrough: true }) reply: Reply) {
    runs += 1;
    return this.uncachedBytes(reply);
  }

  @Get('uncached/xml')
  uncachedXml(@Res({ passthrough: true }) reply: Reply) {
    reply.type('application/xml; charset=utf-8').serializer(({ id }) => `<id>${id}</id>`);
    return { id: 7 };
  }

  @Get('xml')
  @HttpCache(everyone)
  xml(@Res({ passthrough: true }) reply: Reply) {
    runs += 1;
    return this.uncachedXml(reply);
  }

  @Get('uncached/hal')
  uncachedHal(@Res({ passthrough: true }) reply: Reply) {
    reply.type('application/hal+json');
    return { id: 7 };
  }

  @Get('hal')
  @HttpCache(everyone)
  hal(@Res({ passthrough: true }) reply: Reply) {
    runs += 1;
    return this.uncachedHal(reply);
  }

  @Get('uncached/untyped')
  uncachedUntyped(@Res({ passthrough: true }) reply: Reply) {
    reply.type('text/csv');
    return { id: 7 };
  }

  @Get('untyped')
  @HttpCache(everyone)
  untyped(@Res({ passthrough: true }) reply: Reply) {
    return this.uncachedUntyped(reply);
  }

  @RouteSchema({ response: { 200: product('200') } })
  @Get('schema')
  @HttpCache(everyone)
  bySchema() {
    runs += 1;
    return new Product();
  }

  @RouteSchema({ response: { '2xx': product('2xx') } })
  @Get('schema-of-all')
  @HttpCache(everyone)
  bySchemaOfAll() {
    runs += 1;
    return new Product();
  }

  @RouteSchema({ response: { 200: product('other') } })
  @Get('schema-of-other')
  @HttpCache(everyone)
  bySchemaOfOther(@Res({ passthrough: true }) reply: Reply) {
    runs += 1;
    reply.type('application/hal+json');
    return { id: 7, more: 1 };
  }

  @RouteSchema({ response: { 200: { type: 'object', properties: { id: { type: 'integer' } } } } })
  @Get('schema-of-any')
  @HttpCache(everyone)
  bySchemaOfAny() {
    runs += 1;
    return new Product();
  }

  @Get('floats')
  @HttpCache(everyone)
  floats() {
    runs += 1;
    return new Float32Array(new ArrayBuffer(12), 4).fill(1.5);
  }

  @Get('view')
  @HttpCache(everyone)
  view() {
    runs += 1;
    return new DataView(new ArrayBuffer(8), 2, 3);
  }

  @Get('uncached/shared')
  uncachedShared() {
    return new Uint8Array(new SharedArrayBuffer(2));
  }

  @Get('shared')
  @HttpCache(everyone)
  shared() {
    runs += 1;
    return this.uncachedShared();
  }
}

@Injectable()
class Outside implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/** What a client gets of a route: the one that has the method run, and two after it. */
async function thrice(nest: HttpApp, path: string): Promise<Answer[]> {
  const answers = [];
  for (const _ of ['miss', 'hit', 'again']) answers.push(await nest.get(path));
  return answers;
}

describe('what Fastify makes of a value', () => {
  it.each(['bytes', 'xml', 'hal', 'shared'])('leaves for hits as without the cache: %s', async (path) => {
    await using nest = await httpApp('fastify', { controllers: [Contents] });
    const { status, text, headers } = await nest.get(`/uncached/${path}`);
    expect(status).toBe(200);
    for (const answer of await thrice(nest, `/${path}`)) {
      expect(answer).toMatchObject({ status, text });
      expect(answer.headers['content-type']).toBe(headers['content-type']);
    }
    expect(runs).toBe(1);
  });

  it.each(['bytes', 'xml'])(
    'is made by the method, so that it is not stored for those further out: %s',
    async (path) => {
      await using nest = await httpApp('fastify', {
        controllers: [Contents],
        providers: [{ provide: APP_INTERCEPTOR, useClass: Outside }],
      });
      const { status, text } = await nest.get(`/uncached/${path}`);
      for (const answer of await thrice(nest, `/${path}`)) expect(answer).toMatchObject({ status, text });
      expect(nest.warnings).toEqual([expect.stringContaining('reply.serializer()')]);
    },
  );

  it('is made once more of a hit where a hook has said how, each time as it says', async () => {
    await using nest = await httpApp('fastify', {
      controllers: [Contents],
      prepare: (app) =>
        fastifyOf(app).addHook('onRequest', async ({ headers }, reply) => {
          const { accept } = headers;
          if (accept !== undefined) reply.type(accept).serializer(({ id }) => `${accept}: ${id}`);
        }),
    });
    expect(await nest.get('/hal')).toMatchObject({ text: '{"id":7}' });
    for (const accept of ['text/a', 'text/b', 'text/b']) {
      expect(await nest.get('/hal', { accept })).toMatchObject({ text: `${accept}: 7` });
    }
    expect(runs).toBe(2);
  });

  it('is an error where it makes nothing of it', async () => {
    await using nest = await httpApp('fastify', { controllers: [Contents] });
    const { status, body } = await nest.get('/uncached/untyped');
    expect(status).toBe(500);
    for (const answer of await thrice(nest, '/untyped')) expect(answer).toMatchObject({ status, body });
  });

  it.each(['schema', 'schema-of-all', 'schema-of-any'])('is stored by its schema: %s', async (path) => {
    await using nest = await httpApp('fastify', { controllers: [Contents] });
    for (const answer of await thrice(nest, `/${path}`)) expect(answer.text).toBe('{"id":7}');
    expect(runs).toBe(1);
    expect(nest.warnings).toEqual([]);
  });

  it('has no schema where its media type has none', async () => {
    await using nest = await httpApp('fastify', { controllers: [Contents] });
    for (const answer of await thrice(nest, '/schema-of-other'))
      expect(answer.text).toBe('{"id":7,"more":1}');
    expect(runs).toBe(1);
  });

  it('is the serializer’s of the application, which comes before schemas', async () => {
    await using nest = await httpApp('fastify', {
      controllers: [Contents],
      prepare: (app) => fastifyOf(app).setReplySerializer((value) => JSON.stringify({ data: value })),
    });
    for (const answer of await thrice(nest, '/schema-of-other'))
      expect(answer.text).toBe('{"data":{"id":7,"more":1}}');
    expect(runs).toBe(1);
  });

  it.each([
    ['floats', 8, [0, 0, 192, 63]],
    ['view', 3, [0, 0, 0]],
  ])('is the bytes of a typed array: %s', async (path, length, begin) => {
    await using nest = await httpApp('fastify', { controllers: [Contents] });
    for (const { headers, text } of await thrice(nest, `/${path}`)) {
      expect(headers['content-type']).toBe('application/octet-stream');
      expect(headers['content-length']).toBe(String(length));
      expect(text.startsWith(Buffer.from(begin).toString())).toBe(true);
    }
    expect(runs).toBe(1);
  });

  it.each(['hal', 'xml'])(
    'may be turned away by an `onSend` hook, by a status and a body: %s',
    async (path) => {
      const refused = new BadGatewayException('not valid');
      await using nest = await httpApp('fastify', {
        controllers: [Contents],
        prepare: (app) =>
          fastifyOf(app).addHook('onSend', async ({ headers }, reply) => {
            if (reply.statusCode === 200 && headers['x-check'] !== undefined) throw refused;
          }),
      });
      const check = { 'x-check': '1' };
      const { text } = await nest.get(`/uncached/${path}`, check);
      expect(await nest.get(`/${path}`, check)).toMatchObject({ status: 502, text });
      expect(await nest.get(`/${path}`)).toMatchObject({ status: 200 });
      expect((await nest.get(`/${path}`)).headers).toHaveProperty('age');
      if (path === 'hal')
        expect(await nest.get(`/${path}`, check)).toMatchObject({
          status: 502,
          body: refused.getResponse(),
        });
    },
  );
});

interface Reply {
  readonly statusCode: number;
  type(type: string): Reply;
  serializer(serialize: (value: { id: number }) => string | Buffer): Reply;
}

interface Fastify {
  addHook(
    name: 'onRequest' | 'onSend',
    hook: (request: { headers: Record<string, string | undefined> }, reply: Reply) => Promise<void>,
  ): void;
  setReplySerializer(serialize: (value: unknown) => string): void;
}

function fastifyOf(app: INestApplication): Fastify {
  return app.getHttpAdapter().getInstance();
}
