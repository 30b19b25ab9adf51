import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Cacheable } from '../../../lib/index.js';

@Controller()
export class PricesHandler {
  @MessagePattern('price')
  @Cacheable({ key: 'price:{query.product}:{query.currency}', params: ['query'], ttl: '1m' })
  async price(@Payload() query: { product: number; currency: string }): Promise<number> {
    return query.product * 100;
  }
}
