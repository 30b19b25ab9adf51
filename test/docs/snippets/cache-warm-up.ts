import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Cacheable } from '../../../lib/index.js';

@Injectable()
export class Prices implements OnApplicationBootstrap {
  @Cacheable({ key: 'price:{0}', ttl: '5m', grace: '1h' })
  async find(id: number): Promise<number> {
    return id * 100; // a query
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([7, 8, 9].map((id) => this.find(id)));
  }
}
