import { Controller, Get, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { HttpCacheInterceptor } from '../../../lib/index.js';

@Controller('news')
export class NewsController {
  @Get()
  list(): string[] {
    return ['one', 'two'];
  }
}

@Module({
  controllers: [NewsController],
  providers: [
    { provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor.of({ audience: 'everyone', ttl: '1m' }) },
  ],
})
export class NewsModule {}
