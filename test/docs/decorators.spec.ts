import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { MemcachedService } from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Authors } from './snippets/decorators-batch.js';
import { CatalogueController } from './snippets/decorators-http.js';
import { Articles } from './snippets/decorators-keys.js';

describe('the page about decorators', () => {
  it('shows code that works, and the keys it makes', async () => {
    await using server = await MemcachedServer.start();
    process.env.MEMCACHED_SERVERS = server.address;
    const { Prices, PricesModule, requestContext } = await import('./snippets/decorators-vary.js');
    const testing = await Test.createTestingModule({
      imports: [PricesModule],
      controllers: [CatalogueController],
      providers: [Articles, Authors],
    }).compile();
    const app = testing.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const [articles, authors, prices] = [app.get(Articles), app.get(Authors), app.get(Prices)];
    await articles.count('published');
    await articles.find(7, 1);
    await articles.search({ tenant: { id: 'acme' }, term: 'red shoes' });
    await articles.page(0, 20);
    await articles.create('news', 1);
    const service = app.get(MemcachedService);
    for (const key of ["Articles.count('published)", 'search:acme:red%20shoes', 'page:1:20', 'article:8']) {
      expect([key, await service.get(key)]).toEqual([key, expect.anything()]);
    }
    expect(await service.get('article:7')).toBeUndefined();

    await authors.findMany([1, 2]);
    expect(await authors.findMany([3, 1])).toEqual([
      { id: 3, name: 'author 3' },
      { id: 1, name: 'author 1' },
    ]);
    expect(authors.queries).toEqual([[1, 2], [3]]);

    expect(await requestContext.run({ tenant: 'acme' }, () => prices.of(7))).toBe('7 for acme');
    expect(await requestContext.run({ tenant: 'other' }, () => prices.of(7))).toBe('7 for other');
    await expect(prices.of(7)).rejects.toThrow("varyBy 'tenant' is undefined");

    const catalogue = request(app.getHttpServer() as never);
    const { etag } = (await catalogue.get('/catalogue').expect(200)).headers;
    await catalogue.get('/catalogue').set('if-none-match', etag).expect(304);
    await app.close();
  });
});
