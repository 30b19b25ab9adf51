import { Controller, Delete, Get, Param } from '@nestjs/common';
import { Cacheable, CacheDefaults, MemcachedService } from 'nestjs-memcached';
import { tenant } from './tenant.js';

@Controller('prices')
@CacheDefaults({ prefix: 'prices:', ttl: '10m', varyBy: ['tenant'] })
export class PricesController {
  /** How often a price was computed. */
  computed = 0;

  constructor(private readonly memcached: MemcachedService) {}

  @Get(':product')
  @Cacheable({ key: '{0}', tags: [() => `tenant:${tenant()}`] })
  async of(@Param('product') product: string): Promise<{ product: string; tenant: string; cents: number }> {
    this.computed += 1;
    return { product, tenant: tenant()!, cents: product.length * 100 + tenant()!.length };
  }

  /** Forgets all of this tenant's prices. */
  @Delete()
  async forget(): Promise<void> {
    await this.memcached.invalidateTags(`tenant:${tenant()}`);
  }
}
