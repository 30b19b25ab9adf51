import { describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, Res } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { AsyncLocalStorage } from 'node:async_hooks';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, PLATFORMS, setHeader } from '../support/http-apps.js';

const tenants = new AsyncLocalStorage<string>();

@Controller()
class Pages {
  static runs = 0;

  @Get('page')
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  page() {
    Pages.runs += 1;
    return { run: Pages.runs };
  }

  @Get('xml')
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  xml(@Res({ passthrough: true }) response: object) {
    Pages.runs += 1;
    setHeader(response, 'content-type', 'application/problem+json');
    return { run: Pages.runs };
  }

  @Get('tenant')
  @HttpCache({ audience: () => tenants.getStore(), ttl: '1m' })
  async tenant() {
    Pages.runs += 1;
    await new Promise(setImmediate);
    return { tenant: tenants.getStore() };
  }
}

interface Request {
  readonly headers: Record<string, string | undefined>;
}

type Send = (body: unknown) => unknown;

/** What stands between a value and the bytes, and whether it depends on the request. */
const BEHIND: Record<string, { on: string; prepare: (app: INestApplication) => void; personal: boolean }> = {
  'a setting for JSON': {
    on: 'express',
    prepare: (app) =>
      (app.getHttpAdapter().getInstance() as { set(name: string, value: unknown): void }).set(
        'json spaces',
        2,
      ),
    personal: false,
  },
  'a replaced res.json': {
    on: 'express',
    prepare: (app) =>
      app.use((request: Request, response: { json: Send }, next: () => void) => {
        const json = response.json.bind(response);
        response.json = (body) => json({ body, for: request.headers['x-user'] });
        next();
      }),
    personal: true,
  },
  'a replaced res.send': {
    on: 'express',
    prepare: (app) =>
      app.use((request: Request, response: { send: Send }, next: () => void) => {
        const send = response.send.bind(response);
        response.send = (body) =>
          send(typeof body === 'string' ? JSON.stringify({ body, for: request.headers['x-user'] }) : body);
        next();
      }),
    personal: true,
  },
  'a res.json of an application that it is mounted on': {
    on: 'express',
    prepare: (app) =>
      mount(app, {
        json(body) {
          return this.send(JSON.stringify({ body, for: this.req.headers['x-user'] }));
        },
      }),
    personal: true,
  },
  'a res.send of an application that it is mounted on': {
    on: 'express',
    prepare: (app) =>
      mount(app, {
        send(text) {
          this.setHeader('content-type', 'application/json; charset=utf-8');
          return this.end(JSON.stringify({ text, for: this.req.headers['x-user'] }));
        },
      }),
    personal: true,
  },
  'a hook before serialization': {
    on: 'fastify',
    prepare: (app) =>
      (app.getHttpAdapter().getInstance() as unknown as Hooks).addHook(
        'preSerialization',
        async (request, _reply, body) => ({ body, for: request.headers['x-user'] }),
      ),
    personal: true,
  },
  'a serializer': {
    on: 'fastify',
    prepare: (app) =>
      (app.getHttpAdapter().getInstance() as unknown as Hooks).setReplySerializer((body) =>
        JSON.stringify({ serialized: body }),
      ),
    personal: false,
  },
  'a hook before sending': {
    on: 'fastify',
    prepare: (app) =>
      (app.getHttpAdapter().getInstance() as unknown as Hooks).addHook(
        'onSend',
        async (request, _reply, body) =>
          JSON.stringify({ body: JSON.parse(body as string) as unknown, for: request.headers['x-user'] }),
      ),
    personal: true,
  },
};

/** Mounts an application on another one of Express, whose responses have methods of their own. */
function mount(app: INestApplication, methods: ThisType<OfParent> & Partial<OfParent>): void {
  const parent = new ExpressAdapter().getInstance<{ response: object; use(app: object): void }>();
  Object.assign(parent.response, methods);
  parent.use(app.getHttpAdapter().getInstance());
}

interface OfParent {
  readonly req: Request;
  json(body: unknown): unknown;
  send(body: unknown): unknown;
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}

interface Hooks {
  addHook(name: string, hook: (request: Request, reply: object, body: unknown) => Promise<unknown>): void;
  setReplySerializer(serialize: (body: unknown) => string): void;
}

describe('what stands between a value and the bytes', () => {
  it.each(Object.keys(BEHIND))('does the same on a hit as on a miss: %s', async (name) => {
    const { on, prepare, personal } = BEHIND[name];
    Pages.runs = 0;
    await using nest = await httpApp(on as 'express', { controllers: [Pages], prepare });
    const miss = await nest.get('/page', { 'x-user': 'ann' });
    const hit = await nest.get('/page', { 'x-user': 'ann' });
    expect([hit.status, hit.text, hit.headers['content-type']]).toEqual([
      200,
      miss.text,
      miss.headers['content-type'],
    ]);
    expect(hit.headers.age).toBe('0');
    expect(Pages.runs).toBe(1);
    const other = await nest.get('/page', { 'x-user': 'bob' });
    expect(other.text.includes('bob')).toBe(personal);
    const etag = String(miss.headers.etag);
    const asked = await nest.get('/page', { 'x-user': 'bob', 'if-none-match': etag });
    expect(asked.status).toBe(personal ? 200 : 304);
  });
});

describe.each(PLATFORMS)('on %s', (platform) => {
  it('a type of JSON that the method names stays', async () => {
    await using nest = await httpApp(platform, { controllers: [Pages] });
    const [miss, hit] = [await nest.get('/xml'), await nest.get('/xml')];
    expect(hit.headers.age).toBe('0');
    expect([hit.text, hit.headers['content-type']]).toEqual([miss.text, miss.headers['content-type']]);
    expect(miss.headers['content-type']).toContain('application/problem+json');
  });

  it('the method runs in the context of its request', async () => {
    await using nest = await httpApp(platform, {
      controllers: [Pages],
      prepare: (app) =>
        app.use((request: Request, _response: object, next: () => void) =>
          tenants.run(request.headers['x-tenant'] ?? 'none', next),
        ),
    });
    for (const tenant of ['acme', 'globex', 'acme']) {
      expect((await nest.get('/tenant', { 'x-tenant': tenant })).body).toEqual({ tenant });
    }
  });
});
