/**
 * One of several processes that hit limits together, once all of them are ready. Arguments: servers, hits, limit, windows.
 * Prints how many passed in each window.
 */
import { once } from 'node:events';
import { MemcachedThrottlerStorage } from '../../../lib/adapters/throttler.js';
import { MemcachedService } from '../../../lib/nest/memcached.service.js';

const [servers, hits, limit, windows] = process.argv.slice(2);
const service = new MemcachedService({ servers, commandTimeout: '20s' });
await service.connect();
process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (const window of windows.split(',') as ('fixed' | 'sliding')[]) {
  const storage = new MemcachedThrottlerStorage(service, { window });
  const answers = await Promise.all(
    Array.from({ length: Number(hits) }, () =>
      storage.increment('key', 86_400_000, Number(limit), 60_000, window),
    ),
  );
  process.stdout.write(`${answers.filter(({ isBlocked }) => !isBlocked).length}\n`);
}
await service.close();
process.stdin.destroy();
