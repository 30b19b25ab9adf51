import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Module } from '@nestjs/common';
import { Cacheable, CacheDefaults, MemcachedModule } from '../../../lib/index.js';

export const requestContext = new AsyncLocalStorage<{ readonly tenant: string }>();

/** Every key ends in the tenant of the request; outside of a request, where there is none, the methods throw. */
@CacheDefaults({ prefix: 'prices:', ttl: '10m', varyBy: ['tenant'] })
@Injectable()
export class Prices {
  @Cacheable({ key: 'price:{0}' })
  async of(product: number): Promise<string> {
    return `${product} for ${requestContext.getStore()?.tenant}`;
  }
}

@Module({
  imports: [
    MemcachedModule.forRoot({
      isGlobal: true,
      servers: process.env.MEMCACHED_SERVERS,
      decorators: { varyBy: { tenant: () => requestContext.getStore()?.tenant } },
    }),
  ],
  providers: [Prices],
})
export class PricesModule {}
