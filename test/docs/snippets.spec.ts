import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import request from 'supertest';
import { MemcachedModule, MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { pagesWithSnippets } from '../../scripts/snippets.mjs';
import { tour } from './snippets/client.js';
import { WorkersBus } from './snippets/near-cache-bus-own.js';
import { HealthModule } from './snippets/health.js';
import { observe } from './snippets/opentelemetry.js';
import { MetricsController } from './snippets/prometheus.js';
import { Reports } from './snippets/service.js';
import { Products, rows } from './snippets/decorators.js';
import { example } from './snippets/testing.js';
import { testOfPrices } from './snippets/testing-module.js';
import { measureCommands } from './snippets/tracing.js';

describe('the code that the pages show', () => {
  let server: MemcachedServer;
  let app: INestApplication;

  beforeAll(async () => {
    server = await MemcachedServer.start();
    const module = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ isGlobal: true, servers: server.address }), HealthModule],
      controllers: [MetricsController],
      providers: [Products, Reports],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  it('is the code of these files (npm run snippets writes it)', () => {
    const pages = pagesWithSnippets();
    expect(pages.map(({ path }) => path)).toContain('README.md');
    for (const { present, wanted } of pages) expect(present).toBe(wanted);
  });

  it('carries messages to all, its sender too, by a bus of one’s own', async () => {
    const buses = [new WorkersBus(), new WorkersBus()];
    const heard = buses.map(
      (bus) =>
        new Promise<string>((resolve) => {
          const message = (bytes: Uint8Array): void => resolve(Buffer.from(bytes).toString());
          void bus.subscribe({ message, connected: () => {} });
        }),
    );
    await buses[0].publish(Buffer.from('changed'));
    expect(await Promise.all(heard)).toEqual(['changed', 'changed']);
    await Promise.all(buses.map((bus) => bus.close()));
  });

  it('starts an application that caches', async () => {
    process.env.MEMCACHED_SERVERS = server.address;
    process.env.PORT = '0';
    const started = await (await import('./snippets/quick-start.js')).app;
    try {
      const [first, second] = [
        await request(started.getHttpServer()).get('/products/7').expect(200),
        await request(started.getHttpServer()).get('/products/7').expect(200),
      ];
      expect(second.body).toStrictEqual(first.body);
      const other = await request(started.getHttpServer()).get('/products/8').expect(200);
      expect(other.body).toMatchObject({ id: '8' });
    } finally {
      await started.close();
    }
  });

  it('caches, evicts and counts stock', async () => {
    const products = app.get(Products);
    expect(await products.find(7)).toStrictEqual({ id: 7, name: 'lamp' });
    rows.set(7, { id: 7, name: 'changed behind the cache' });
    expect(await products.find(7)).toStrictEqual({ id: 7, name: 'lamp' });
    await products.rename(7, 'lantern');
    expect(await products.find(7)).toStrictEqual({ id: 7, name: 'lantern' });
    await Promise.all([products.buy(7, 1), products.buy(7, 1)]);
    expect(await products.buy(7, 1)).toBe(897);
    await expect(products.buy(7, 1000)).rejects.toThrow('sold out');
  });

  it('computes a report once, and again after a correction', async () => {
    const reports = app.get(Reports);
    const [first, joined] = await Promise.all([reports.daily('monday'), reports.daily('monday')]);
    expect(joined).toStrictEqual(first);
    await reports.correct('monday');
    const second = await reports.daily('monday');
    expect(second).not.toBe(first);
    expect(await reports.daily('monday')).toStrictEqual(second);
    expect([await reports.vote('monday'), await reports.vote('monday')]).toStrictEqual([1, 2]);
  });

  it('answers for its health', async () => {
    const { body } = await request(app.getHttpServer()).get('/health').expect(200);
    expect(body).toMatchObject({ status: 'ok', details: { memcached: { status: 'up' } } });
  });

  it('measures commands', async () => {
    const measured: [number, string, string][] = [];
    const stop = measureCommands((...command) => measured.push(command));
    await app.get(MemcachedService).get('measured');
    stop();
    await app.get(MemcachedService).get('not measured');
    expect(measured).toStrictEqual([[expect.any(Number), 'lease-get', 'miss']]);
  });

  it('shows metrics to who scrapes them, and stops what it observes', async () => {
    const { text, headers } = await request(app.getHttpServer()).get('/metrics').expect(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain(`memcached_up{server="${server.address}"} 1`);
    expect(observe()()).toBeUndefined();
  });

  it('runs the tour of the client, and the example of a test', async () => {
    await expect(tour(server.address)).resolves.toBeUndefined();
    await expect(example()).resolves.toBeUndefined();
    await expect(testOfPrices()).resolves.toBeUndefined();
  });
});
