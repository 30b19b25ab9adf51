import { Injectable } from '@nestjs/common';
import { Cacheable } from '../../../lib/index.js';

export class Supplier {
  name = '';
}

export class Product {
  id = 0;
  createdAt = new Date();
  supplier = new Supplier();

  isOlderThan(days: number): boolean {
    return Date.now() - this.createdAt.getTime() > days * 86_400_000;
  }
}

@Injectable()
export class Catalogue {
  /** Instances of these classes come back as instances: a hit is the entity that the miss was. */
  @Cacheable({ key: 'entity:{0}', ttl: '10m', types: [Product, Supplier] })
  async find(id: number): Promise<Product | null> {
    return Object.assign(new Product(), { id }); // products.findOne({ where: { id }, relations: { supplier: true } })
  }
}
