import { Controller, Get } from '@nestjs/common';
import { HttpCache } from 'nestjs-memcached';

@Controller('prices')
export class PricesController {
  @Get()
  @HttpCache({ audience: 'everyone', ttl: '5m', tags: ['prices'], early: true })
  list() {
    return [{ id: 1, cents: 900 }];
  }
}
