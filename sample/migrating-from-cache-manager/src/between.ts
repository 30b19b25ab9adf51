import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Inject, Injectable, type DynamicModule } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { MemcachedModule, MemcachedService } from 'nestjs-memcached';
import { createCacheManagerStore } from 'nestjs-memcached/keyv';
import { Catalogue, Database } from './database.js';

/** Not a line of it has changed; only what is under cache-manager has. */
@Injectable()
class CatalogueBetween extends Catalogue {
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

export class Between {
  static module(servers: string): DynamicModule {
    return {
      module: Between,
      imports: [
        MemcachedModule.forRoot({ isGlobal: true, servers }),
        CacheModule.registerAsync({
          inject: [MemcachedService],
          useFactory: (memcached: MemcachedService) => ({ stores: createCacheManagerStore(memcached) }),
        }),
      ],
      providers: [Database, { provide: Catalogue, useClass: CatalogueBetween }],
    };
  }
}
