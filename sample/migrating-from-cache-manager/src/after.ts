import { Injectable, type DynamicModule } from '@nestjs/common';
import { Cacheable, CacheEvict, MemcachedModule } from 'nestjs-memcached';
import { Catalogue, Database } from './database.js';

@Injectable()
class CatalogueAfter extends Catalogue {
  constructor(private readonly database: Database) {
    super();
  }

  @Cacheable({ key: 'name:{0}', ttl: '10m' })
  nameOf(id: number): Promise<string> {
    return this.database.nameOf(id);
  }

  @CacheEvict({ keys: ['name:{0}'] })
  async rename(id: number, name: string): Promise<void> {
    this.database.names.set(id, name);
  }
}

export class After {
  static module(servers: string): DynamicModule {
    return {
      module: After,
      imports: [MemcachedModule.forRoot({ servers })],
      providers: [Database, { provide: Catalogue, useClass: CatalogueAfter }],
    };
  }
}
