/* A Nest application whose route is cached by @HttpCache, asked over HTTP. */
import { Agent, get } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** @returns {Promise<{ service: object, read(id: number): Promise<object>, invalidate(id: number): Promise<void>, close(): Promise<void> }>} */
export async function startHttpRows(lib, dist, options, load) {
  // Those that stand beside the build: there may be others beside this file.
  const { Controller, Get, Module, Param } = await beside(dist, '@nestjs/common');
  const { NestFactory } = await beside(dist, '@nestjs/core');
  const { atParameter, decorate } = await import('../../../bench/nest/decorate.mjs');
  const { HttpCache, MemcachedModule, MemcachedService } = lib;

  class RowsController {
    find(id) {
      return load(Number(id));
    }
  }
  decorate(RowsController, [Controller('rows')], {
    find: [
      Get(':id'),
      HttpCache({
        audience: 'everyone',
        ttl: '5m',
        tags: (request) => [`row:${request.url.split('/').at(-1)}`],
      }),
      atParameter(0, Param('id')),
    ],
  });
  class RowsModule {}
  decorate(RowsModule, [
    Module({ imports: [MemcachedModule.forRoot(options)], controllers: [RowsController] }),
  ]);

  const app = await NestFactory.create(RowsModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  const agent = new Agent({ keepAlive: true });
  const service = app.get(MemcachedService);
  return {
    service,
    request: (id) => ({ host: '127.0.0.1', port, agent, path: `/rows/${id}` }),
    read: (id) => fetchJson({ port, agent, path: `/rows/${id}` }),
    invalidate: (id) => service.invalidateTags(`row:${id}`),
    async close() {
      agent.destroy();
      await app.close();
    },
  };
}

function fetchJson({ port, agent, path }) {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.once('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`status ${response.statusCode}: ${text}`));
      });
    }).once('error', reject);
  });
}

function beside(dist, name) {
  return import(pathToFileURL(createRequire(`${dist}/index.js`).resolve(name)).href);
}
