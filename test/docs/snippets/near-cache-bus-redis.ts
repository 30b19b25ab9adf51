import { Module } from '@nestjs/common';
import { MemcachedModule } from '../../../lib/index.js';
import { createRedisBus } from '../../../lib/adapters/bus/redis.js';
import { createClient } from 'redis';

@Module({
  imports: [
    MemcachedModule.forRootAsync({
      isGlobal: true,
      useFactory: () => ({
        servers: process.env.MEMCACHED_SERVERS,
        cache: {
          near: {
            maxAge: '500ms',
            bus: createRedisBus(createClient({ url: process.env.REDIS_URL })),
          },
        },
      }),
    }),
  ],
})
export class CacheModule {}
