import { Module } from '@nestjs/common';
import { MemcachedModule } from '../../../lib/index.js';
import { ClsModule, ClsService } from 'nestjs-cls';

@Module({
  imports: [
    ClsModule.forRoot({ global: true, middleware: { mount: true } }),
    MemcachedModule.forRootAsync({
      inject: [ClsService],
      useFactory: (cls: ClsService<{ tenant: string }>) => ({
        servers: process.env.MEMCACHED_SERVERS,
        decorators: { varyBy: { tenant: () => cls.get('tenant') } },
      }),
    }),
  ],
})
export class TenantsModule {}
