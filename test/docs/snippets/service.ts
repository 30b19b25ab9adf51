import { Injectable } from '@nestjs/common';
import { KEEP, MemcachedService } from '../../../lib/index.js';

@Injectable()
export class Reports {
  constructor(private readonly memcached: MemcachedService) {}

  daily(day: string): Promise<{ day: string; madeAt: Date }> {
    return this.memcached.getOrSet(`report:${day}`, async () => ({ day, madeAt: new Date() }), {
      ttl: '10m',
      grace: '1h', // served stale for up to an hour more while one caller refreshes it, or if computing fails
      tags: ['reports'],
    });
  }

  async correct(day: string): Promise<void> {
    await this.memcached.invalidate(`report:${day}`);
    await this.memcached.invalidateTags('reports');
  }

  vote(day: string): Promise<number | undefined> {
    return this.memcached.update(`votes:${day}`, (votes: number = 0) => (votes >= 100 ? KEEP : votes + 1));
  }
}
