import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Inject, Injectable, type DynamicModule } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { Catalogue, Database } from './database.js';

@Injectable()
class CatalogueBefore extends Catalogue {
  constructor(
    private readonly database: Database,
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
  ) {
    super();
  }

  nameOf(id: number): Promise<string> {
    return this.cache.wrap(`name:${id}`, () => this.database.nameOf(id), 600_000);
  }

  async rename(id: number, name: string): Promise<void> {
    this.database.names.set(id, name);
    await this.cache.del(`name:${id}`);
  }
}

export class Before {
  static module(): DynamicModule {
    return {
      module: Before,
      imports: [CacheModule.register()],
      providers: [Database, { provide: Catalogue, useClass: CatalogueBefore }],
    };
  }
}
