import type { MemcachedService } from '../../../lib/index.js';

export async function nightly(
  memcached: MemcachedService,
  report: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { locked } = await memcached.withLock('nightly-report', { ttl: '10m' }, report);
  return locked; // false: another process is at it
}
