import { Controller, Get, Query } from '@nestjs/common';
import { HttpCache } from '../../../lib/index.js';

@Controller('catalogue')
export class CatalogueController {
  @Get()
  @HttpCache({ audience: 'everyone', ttl: '5m', vary: ['accept-language'], tags: ['catalogue'] })
  list(@Query('page') page = '1') {
    return { page };
  }
}
