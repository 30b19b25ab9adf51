import { Injectable } from '@nestjs/common';
import { Cacheable, Loading, type LoadContext } from '../../../lib/index.js';

export abstract class Shop {
  abstract find(id: number, options?: { signal: AbortSignal }): Promise<{ author: number } | null>;
}

@Injectable()
export class Products {
  constructor(private readonly shop: Shop) {}

  @Cacheable({ key: 'product:{0}', ttl: '10m' })
  async find(id: number, @Loading() load?: LoadContext) {
    const product = await this.shop.find(id, load && { signal: load.signal });
    if (product === null) load?.setTtl('30s');
    else load?.tag(`author:${product.author}`);
    return product;
  }
}
