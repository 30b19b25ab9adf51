import { Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
// snippet: decorators-vary
import { Cacheable, CacheDefaults, MemcachedModule } from '../../../lib/index.js';

export const requestContext = new AsyncLocalStorage<{ readonly tenant: string }>();

export const memcached = (servers: string) =>
  MemcachedModule.forRoot({
    servers,
    decorators: { varyBy: { tenant: () => requestContext.getStore()?.tenant } },
  });

/** Every key ends in the tenant of the request; outside of a request, where there is none, the methods throw. */
@CacheDefaults({ prefix: 'prices:', ttl: '10m', varyBy: ['tenant'] })
@Injectable()
export class Prices {
  @Cacheable({ key: 'price:{0}' })
  async of(product: number): Promise<string> {
    return `${product} for ${requestContext.getStore()?.tenant}`;
  }
}
// end
