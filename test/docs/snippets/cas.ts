import { Injectable } from '@nestjs/common';
import { KEEP, MemcachedService } from '../../../lib/index.js';

@Injectable()
export class Stock {
  constructor(private readonly memcached: MemcachedService) {}

  /** Sells one, if there is one; returns what is left. */
  sell(id: number): Promise<number | undefined> {
    return this.memcached.update(`stock:${id}`, (left: number) => (left > 0 ? left - 1 : KEEP), {
      initial: 900,
      ttl: 'never',
    });
  }

  /** The same by hand, once. */
  async trySell(id: number): Promise<'stored' | 'exists' | 'not-found'> {
    const item = await this.memcached.gets<number>(`stock:${id}`);
    if (item === undefined) return 'not-found';
    return this.memcached.cas(`stock:${id}`, item.value - 1, item.cas);
  }
}
