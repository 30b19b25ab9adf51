import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from 'nestjs-memcached';

export interface Product {
  readonly id: number;
  readonly name: string;
}

/** Stands for a repository. */
@Injectable()
export class Database {
  readonly rows = new Map<number, Product>([[7, { id: 7, name: 'lamp' }]]);
}

@Injectable()
export class Catalogue {
  constructor(private readonly database: Database) {}

  @Cacheable({ key: 'product:{0}', ttl: '1h' })
  async find(id: number): Promise<Product | null> {
    return this.database.rows.get(id) ?? null;
  }

  @CacheEvict({ keys: ['product:{0}'] })
  async rename(id: number, name: string): Promise<void> {
    this.database.rows.set(id, { id, name });
  }
}
