import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from 'nestjs-memcached';
import type { Product, ProductChange } from './product.js';
import { ProductsRepository } from './products.repository.js';

/** How many products a search finds at most. */
const SEARCH_LIMIT = 12;

@Injectable()
export class ProductsService {
  constructor(private readonly products: ProductsRepository) {}

  @Cacheable({ key: 'product:{0}:details', ttl: '10m' })
  details(id: number): Promise<Product> {
    return this.products.find(id);
  }

  /** What every visitor sees first: kept in each process, and a second late there at most after a change in another. */
  @Cacheable({ key: 'products', ttl: '1m', tags: ['catalogue'], near: '1s' })
  all(): Promise<Product[]> {
    return this.products.search('', SEARCH_LIMIT);
  }

  /** Leaves the details of a product to be loaded anew. */
  @CacheEvict({ keys: ['product:{0}:details'] })
  async forget(_id: number): Promise<void> {}

  @Cacheable({ key: 'search:{0}', ttl: '1m', tags: ['catalogue'] })
  search(words: string): Promise<Product[]> {
    return this.products.search(words, SEARCH_LIMIT);
  }

  /** Whatever searches have found may be out of date now, too; the tag stands for all of them. */
  @CacheEvict({ keys: ['product:{0}', 'product:{0}:details'], tags: ['catalogue'] })
  change(id: number, change: ProductChange): Promise<Product> {
    return this.products.change(id, change);
  }
}
