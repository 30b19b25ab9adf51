import { describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, type NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as send } from 'node:https';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { HttpCache, MemcachedModule } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { PLATFORMS, type PlatformName } from '../support/http-apps.js';

/** More requests than it takes: whatever is not answered before middleware by then never is. */
const ENOUGH = 6;

let runs = 0;

@Controller('pages')
class Pages {
  @Get('list')
  @HttpCache({ audience: 'everyone', ttl: '1m', early: 'before-middleware', xCache: true })
  list() {
    runs += 1;
    return { list: ['äß€😀'], run: runs };
  }
}

interface Told {
  readonly status: number;
  readonly xCache: unknown;
  readonly text: string;
}

/** Starts an application of one route; `seen` are the requests that its middleware has seen. */
async function start(
  adapter: ExpressAdapter | FastifyAdapter,
  options: NestApplicationOptions = {},
): Promise<AsyncDisposable & { readonly port: number; seen: number }> {
  const server = await MemcachedServer.start();
  const testing = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({ servers: server.address, commandTimeout: '30s', cache: { lease: '30s' } }),
    ],
    controllers: [Pages],
  }).compile();
  const app: INestApplication = testing.createNestApplication(adapter as FastifyAdapter, options);
  const started = {
    port: 0,
    seen: 0,
    async [Symbol.asyncDispose]() {
      await app.close();
      await server.close();
    },
  };
  app.use((_: unknown, __: unknown, next: () => void) => {
    started.seen += 1;
    next();
  });
  await app.listen(0, '127.0.0.1');
  started.port = (app.getHttpServer().address() as AddressInfo).port;
  return started;
}

const [ca, cert, key] = ['ca.crt', 'server.crt', 'server.key'].map((name) =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url)),
);

function adapterOf(platform: PlatformName): ExpressAdapter | FastifyAdapter {
  return platform === 'express'
    ? new ExpressAdapter()
    : new FastifyAdapter({ https: { cert, key } } as object);
}

describe('hits before middleware', () => {
  it.each(PLATFORMS)('are had over TLS as well (%s)', async (platform) => {
    await using app = await start(
      adapterOf(platform),
      platform === 'express' ? { httpsOptions: { cert, key } } : {},
    );
    const get = async (): Promise<Told> => {
      const sent = send({ host: '127.0.0.1', port: app.port, path: '/pages/list', ca, agent: false });
      sent.end();
      const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
      return { status: response.statusCode ?? 0, xCache: response.headers['x-cache'], text };
    };
    const first = await get();
    expect(first).toMatchObject({ status: 200, xCache: 'MISS' });
    let unseen = 0;
    for (let round = 0; round < ENOUGH; round += 1) {
      const before = app.seen;
      expect(await get()).toEqual({ ...first, xCache: 'HIT' });
      if (app.seen === before) unseen += 1;
    }
    expect(unseen).toBeGreaterThan(0);
  });

  it('are ordinary hits over HTTP/2, word for word', async () => {
    await using app = await start(new FastifyAdapter({ http2: true } as object));
    const session = connect(`http://127.0.0.1:${app.port}`);
    const get = async (): Promise<Told> => {
      const stream = session.request({ ':path': '/pages/list' });
      const told = once(stream, 'response') as Promise<[import('node:http2').IncomingHttpHeaders]>;
      let text = '';
      for await (const chunk of stream.setEncoding('utf8')) text += chunk as string;
      const [headers] = await told;
      return { status: Number(headers[':status']), xCache: headers['x-cache'], text };
    };
    const first = await get();
    expect(first).toMatchObject({ status: 200, xCache: 'MISS' });
    for (let round = 0; round < ENOUGH; round += 1) expect(await get()).toEqual({ ...first, xCache: 'HIT' });
    session.close();
  });
});
