import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { createCacheManagerStore } from '../../../lib/adapters/keyv.js';

@Module({
  imports: [
    MemcachedModule.forRoot({ isGlobal: true, servers: process.env.MEMCACHED_SERVERS }),
    CacheModule.registerAsync({
      isGlobal: true,
      inject: [MemcachedService],
      useFactory: (memcached: MemcachedService) => ({
        stores: createCacheManagerStore(memcached),
        ttl: 60_000,
      }),
    }),
  ],
})
export class CachedModule {}
