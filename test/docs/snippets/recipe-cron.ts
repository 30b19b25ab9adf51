import { Injectable, Logger } from '@nestjs/common';
import { MemcachedService } from '../../../lib/index.js';

@Injectable()
export class Reports {
  readonly #log = new Logger(Reports.name);

  constructor(private readonly memcached: MemcachedService) {}

  async nightly(): Promise<void> {
    const { locked } = await this.memcached.withLock(
      'nightly-report',
      { ttl: '1h', lease: '10s' },
      async (signal) => {
        signal.throwIfAborted(); // aborted when the lock is lost
        await this.write();
      },
    );
    if (!locked) this.#log.log('another process is at it');
  }

  private async write(): Promise<void> {}
}
