import { setTimeout as slowDatabase } from 'node:timers/promises';
import { Controller, type DynamicModule, Get, Module, Param } from '@nestjs/common';
import { Cacheable, MemcachedModule } from 'nestjs-memcached';

@Controller('products')
export class ProductsController {
  @Get(':id')
  @Cacheable({ key: 'product:{0}', ttl: '5m' })
  find(@Param('id') id: string): Promise<{ id: string; loadedAt: Date }> {
    return slowDatabase(500, { id, loadedAt: new Date() });
  }
}

@Module({ controllers: [ProductsController] })
export class AppModule {
  static on(servers: string): DynamicModule {
    return { module: AppModule, imports: [MemcachedModule.forRoot({ isGlobal: true, servers })] };
  }
}
