import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from 'nestjs-memcached';
import type { Product, ProductChange } from './product.js';
import { ProductsRepository } from './products.repository.js';

/** How many products a search finds at most. */
const SEARCH_LIMIT = 12;

@Injectable()
export class ProductsService {
  constructor(private readonly products: ProductsRepository) {}

  @Cacheable('product:{0}:details', { ttl: '10m' })
  details(id: number): Promise<Product> {
    return this.products.find(id);
  }

  // What a search finds is out of date for ten seconds at most: nothing evicts it.
  @Cacheable('search:{0}', { ttl: '10s' })
  search(words: string): Promise<Product[]> {
    return this.products.search(words, SEARCH_LIMIT);
  }

  @CacheEvict({ keys: ['product:{0}', 'product:{0}:details'] })
  change(id: number, change: ProductChange): Promise<Product> {
    return this.products.change(id, change);
  }
}
