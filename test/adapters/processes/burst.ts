/** One of several processes that hit a limit together. Arguments: servers, key, hits, limit, window. Prints how many passed. */
import { MemcachedThrottlerStorage } from '../../../lib/adapters/throttler.js';
import { MemcachedService } from '../../../lib/nest/memcached.service.js';

const [servers, key, hits, limit, window] = process.argv.slice(2);
const service = new MemcachedService({ servers, commandTimeout: '20s' });
const storage = new MemcachedThrottlerStorage(service, { window: window as 'fixed' });
await service.connect();
const answers = await Promise.all(
  Array.from({ length: Number(hits) }, () =>
    storage.increment(key, 86_400_000, Number(limit), 60_000, 'burst'),
  ),
);
process.stdout.write(`${answers.filter(({ isBlocked }) => !isBlocked).length}\n`);
await service.close();
