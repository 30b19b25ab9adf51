import { Injectable, Module } from '@nestjs/common';
import { Cacheable, CacheEvict, MemcachedModule } from '../../../lib/index.js';

@Injectable()
export class Catalogue {
  products = ['mug', 'kettle'];

  /** Out of the process; read again within half a second after it has changed anywhere. */
  @Cacheable({ key: 'catalogue', ttl: '10m', near: '500ms' })
  async all(): Promise<string[]> {
    return this.products;
  }

  @CacheEvict({ key: 'catalogue' })
  async add(name: string): Promise<void> {
    this.products = [...this.products, name];
  }
}

@Module({
  imports: [
    MemcachedModule.forRoot({
      servers: process.env.MEMCACHED_SERVERS,
      cache: { near: { maxItems: 10_000, maxAge: '1s' } },
    }),
  ],
  providers: [Catalogue],
})
export class CatalogueModule {}
