import { Inject, Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from 'nestjs-memcached';
import { DataSource } from 'typeorm';
import { Product } from './product.js';
import { Supplier } from './supplier.js';

@Injectable()
export class ProductsService {
  /** How often the database was asked. */
  queries = 0;

  constructor(@Inject(DataSource) private readonly database: DataSource) {}

  /** An entity with its relation; `types` has a hit be what the miss was. */
  @Cacheable({ key: 'product:{0}', ttl: '10m', types: [Product, Supplier] })
  async find(id: number): Promise<Product | null> {
    this.queries += 1;
    return this.database.getRepository(Product).findOne({ where: { id }, relations: { supplier: true } });
  }

  /** What came from the cache can be saved: it is an entity. */
  @CacheEvict({ key: 'product:{0.id}' })
  async save(product: Product): Promise<Product> {
    return this.database.getRepository(Product).save(product);
  }
}
