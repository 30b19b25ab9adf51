import { Injectable } from '@nestjs/common';
import { MemcachedError, MemcachedService } from '../../../lib/index.js';

@Injectable()
export class Visits {
  constructor(private readonly memcached: MemcachedService) {}

  /** Counts a visit; one that nobody knows the fate of is not counted again. */
  async count(): Promise<number | undefined> {
    try {
      return await this.memcached.incr('visits', 1, { initial: 1 });
    } catch (error) {
      if (
        error instanceof MemcachedError &&
        ['MEMCACHED_TIMEOUT', 'MEMCACHED_CONNECTION'].includes(error.code)
      ) {
        return undefined;
      }
      throw error;
    }
  }
}
