import { describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, Render } from '@nestjs/common';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, PLATFORMS, type PlatformName } from '../support/http-apps.js';

@Controller()
class Pages {
  runs = 0;

  @Get('page')
  @Render('page')
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  page() {
    this.runs += 1;
    return { run: this.runs };
  }
}

interface Model {
  readonly run: number;
}

interface Reply {
  type(type: string): { send(text: string): unknown };
}

const html = ({ run }: Model): string => `<p>run ${run}</p>`;

/** A template engine of each platform's own kind. */
function engine(app: INestApplication, platform: PlatformName, views: string): void {
  if (platform === 'express') {
    const express = app.getHttpAdapter().getInstance() as {
      engine(
        extension: string,
        render: (path: string, model: Model, done: (error: null, text: string) => void) => void,
      ): void;
      set(name: string, value: string): void;
    };
    express.engine('page', (_path, model, done) => done(null, html(model)));
    express.set('views', views);
    express.set('view engine', 'page');
    return;
  }
  const fastify = app.getHttpAdapter().getInstance() as {
    decorateReply(name: string, view: (this: Reply, name: string, model: Model) => unknown): void;
  };
  fastify.decorateReply('view', function (_name, model) {
    return this.type('text/html; charset=utf-8').send(html(model));
  });
}

describe.each(PLATFORMS)('a page made by a template on %s', (platform) => {
  it('is on a hit what it was on the miss, and is compared by what leaves', async () => {
    const views = await mkdtemp(join(tmpdir(), 'views-'));
    await writeFile(join(views, 'page.page'), '');
    try {
      await using http = await httpApp(platform, {
        controllers: [Pages],
        prepare: (app) => engine(app, platform, views),
      });
      const [miss, hit] = [
        await http.get('/page', { 'if-none-match': '"another"' }),
        await http.get('/page'),
      ];
      for (const { status, text, headers } of [miss, hit]) {
        expect([status, text, headers['content-type']]).toEqual([
          200,
          '<p>run 1</p>',
          'text/html; charset=utf-8',
        ]);
      }
      const etag = String(hit.headers.etag);
      const unchanged = await http.get('/page', { 'if-none-match': etag });
      expect([unchanged.status, unchanged.text]).toEqual([304, '']);
      expect((await http.get('/page', { 'if-none-match': '"another"' })).text).toBe('<p>run 1</p>');
    } finally {
      await rm(views, { recursive: true });
    }
  });
});
