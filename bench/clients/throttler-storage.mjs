import { Redis } from 'ioredis';

export async function open({ servers, from }) {
  const { MemcachedThrottlerStorage } = await import(
    from === undefined ? 'nestjs-memcached/throttler' : new URL('./adapters/throttler.js', from).href
  );
  const storage = new MemcachedThrottlerStorage({ servers, commandTimeout: '30s', connectTimeout: '30s' });
  return {
    increment: (...hit) => storage.increment(...hit),
    close: () => storage.onApplicationShutdown(),
  };
}

export async function openRedis({ redis }) {
  const { ThrottlerStorageRedisService } = await import('@nest-lab/throttler-storage-redis');
  const [host, port] = redis.split(':');
  // As its documentation says, and with the commands of one turn in one write, which ioredis leaves off by default.
  const client = new Redis({ host, port: Number(port), enableAutoPipelining: true });
  const storage = new ThrottlerStorageRedisService(client);
  return { increment: (...hit) => storage.increment(...hit), close: () => client.disconnect() };
}
