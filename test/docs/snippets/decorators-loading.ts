import { Inject, Injectable } from '@nestjs/common';
import type { Shop } from './cache.js';
// snippet: decorators-loading
import { Cacheable, Loading, type LoadContext } from '../../../lib/index.js';

@Injectable()
export class Products {
  constructor(@Inject('shop') private readonly shop: Shop) {}

  @Cacheable({ key: 'product:{0}', ttl: '10m' })
  async find(id: number, @Loading() load?: LoadContext) {
    const product = await this.shop.find(id, load && { signal: load.signal });
    if (product === null) load?.setTtl('30s');
    else load?.tag(`author:${product.author}`);
    return product;
  }
}
// end
