import { Injectable } from '@nestjs/common';
import { MemcachedService } from '../../../lib/index.js';

@Injectable()
export class CacheReport {
  constructor(private readonly memcached: MemcachedService) {}

  async tell(): Promise<string> {
    const { servers, total, cache } = await this.memcached.report();
    return JSON.stringify({ servers, total, cache });
  }
}
