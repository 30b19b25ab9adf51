import { describe, expect, it } from '@jest/globals';

// The time of day is taken from here as the library is loaded.
const { now } = Date;
let ahead = 0;
Date.now = () => now() + ahead;

const { Controller, Get } = await import('@nestjs/common');
const { HttpCache } = await import('../../../lib/index.js');
const { httpApp, PLATFORMS } = await import('../support/http-apps.js');

@Controller('pages')
class Pages {
  @Get()
  @HttpCache({ audience: 'everyone', ttl: '1h', early: 'before-middleware' })
  page() {
    return { page: true };
  }
}

interface Response {
  statusCode: number;
  setHeader(name: string, value: string): void;
  end(): void;
}

/** An application of which middleware says what is set here, and tells what it has seen. */
async function start(platform: 'express' | 'fastify') {
  const middleware = { seen: 0, says: 'this', status: 200 };
  const nest = await httpApp(platform, {
    controllers: [Pages],
    prepare: (app) =>
      app.use((_: unknown, response: Response, next: () => void) => {
        middleware.seen += 1;
        response.setHeader('x-said', middleware.says);
        response.statusCode = middleware.status;
        if (middleware.status === 200) next();
        else response.end();
      }),
  });
  for (let round = 0; round < 3; round += 1) await nest.get('/pages');
  return { nest, middleware, [Symbol.asyncDispose]: () => nest[Symbol.asyncDispose]() };
}

describe.each(PLATFORMS)('what is answered before middleware on %s', (platform) => {
  it('goes the ordinary way again every ten seconds, whatever is asked', async () => {
    await using app = await start(platform);
    const { etag } = (await app.nest.get('/pages')).headers;
    for (const headers of [{}, { 'if-none-match': String(etag) }] as Record<string, string>[]) {
      for (const seen of [0, 1, 0, 1]) {
        app.middleware.seen = 0;
        for (let round = 0; round < 3; round += 1) await app.nest.get('/pages', headers);
        expect(app.middleware.seen).toBe(seen);
        ahead += seen === 0 ? 11_000 : 8000;
      }
      ahead -= 8000;
    }
  });

  it('is what middleware says by then', async () => {
    await using app = await start(platform);
    app.middleware.says = 'that';
    expect((await app.nest.get('/pages')).headers['x-said']).toBe('this');
    ahead += 11_000;
    for (let round = 0; round < 3; round += 1)
      expect((await app.nest.get('/pages')).headers['x-said']).toBe('that');
  });

  it('is still so for the others while one of them hears of it, for a second at most', async () => {
    await using app = await start(platform);
    app.middleware.status = 503;
    ahead += 9500;
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await app.nest.get('/pages')).status);
    expect(statuses).toEqual([503, 200, 200]);
    ahead += 1000;
    expect((await app.nest.get('/pages')).status).toBe(503);
  });

  it('is turned away by then', async () => {
    await using app = await start(platform);
    app.middleware.status = 503;
    ahead += 11_000;
    for (let round = 0; round < 3; round += 1) expect((await app.nest.get('/pages')).status).toBe(503);
  });
});
