import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { MemcachedThrottlerStorage } from '../../../lib/adapters/throttler.js';

@Module({
  imports: [
    MemcachedModule.forRoot({ isGlobal: true, servers: process.env.MEMCACHED_SERVERS }),
    ThrottlerModule.forRootAsync({
      inject: [MemcachedService],
      useFactory: (memcached: MemcachedService) => ({
        throttlers: [{ ttl: 60_000, limit: 100 }],
        storage: new MemcachedThrottlerStorage(memcached),
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
export class LimitedModule {}
