import { equal, ok } from 'node:assert/strict';
import { MemcachedClient, UnsupportedError } from 'nestjs-memcached/client';
import { startMemcached, startTwemproxy, stopAll } from './servers.js';

try {
  const backends = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
  const proxy = await startTwemproxy(backends);

  const behind = new MemcachedClient({ servers: proxy });
  const direct = new MemcachedClient({
    servers: backends,
    // What nutcracker.yml says: hash fnv1a_64, distribution ketama.
    distribution: { type: 'twemproxy-ketama', hash: 'fnv1a_64' },
  });

  const keys = Array.from({ length: 300 }, (_, index) => `item:${index}`);
  await behind.setMany(Object.fromEntries(keys.map((key) => [key, `${key}, by the proxy`])));
  const found = await direct.getMany(keys);
  equal(found.size, keys.length);
  process.stdout.write(
    `${found.size} of ${keys.length} keys that went through twemproxy are found without it.\n`,
  );

  await direct.setMany(Object.fromEntries(keys.map((key) => [key, `${key}, directly`])));
  equal((await behind.getMany(keys)).size, keys.length);
  equal(await behind.get('item:7'), 'item:7, directly');
  process.stdout.write('And the other way round.\n');

  const share = backends.map((server) => keys.filter((key) => direct.serverFor(key) === server).length);
  process.stdout.write(
    `Keys by server: ${share.join(', ')}. The proxy hides which; the direct client knows.\n`,
  );

  const [refused] = (await behind.stats()).failures;
  ok(refused.error instanceof UnsupportedError);
  process.stdout.write(
    'Statistics do not pass twemproxy: ask the servers themselves, as a health check may.\n',
  );
  await Promise.all([behind.close(), direct.close()]);
} finally {
  stopAll();
}
