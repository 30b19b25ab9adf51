import 'reflect-metadata';
import { setTimeout as slowDatabase } from 'node:timers/promises';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, MemcachedModule } from '../../../lib/index.js';

@Controller('products')
export class ProductsController {
  @Get(':id')
  @Cacheable({ key: 'product:{0}', ttl: '5m' })
  find(@Param('id') id: string): Promise<{ id: string; loadedAt: Date }> {
    return slowDatabase(500, { id, loadedAt: new Date() });
  }
}

@Module({
  imports: [MemcachedModule.forRoot({ isGlobal: true, servers: process.env.MEMCACHED_SERVERS })],
  controllers: [ProductsController],
})
export class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(process.env.PORT ?? 3000);
}

if (process.env.NODE_ENV !== 'test') void bootstrap();
