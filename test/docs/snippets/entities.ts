import { Injectable } from '@nestjs/common';
import { Cacheable } from '../../../lib/index.js';

export class Supplier {
  name!: string;
}

export class Product {
  id!: number;
  createdAt!: Date;
  supplier!: Supplier;
}

/** As much of a repository as is needed. */
export interface Repository {
  findOne(options: { where: { id: number }; relations: { supplier: true } }): Promise<Product | null>;
}

// snippet: entities
@Injectable()
export class ProductsOfTheDatabase {
  constructor(private readonly products: Repository) {}

  /** Instances of these classes come back as instances: a hit is the entity that the miss was. */
  @Cacheable({ key: 'product:{0}', ttl: '10m', types: [Product, Supplier] })
  find(id: number): Promise<Product | null> {
    return this.products.findOne({ where: { id }, relations: { supplier: true } });
  }
}
// end
