import type { MemcachedClientOptions } from '../../../lib/index.js';

const names = [0, 1, 2].map((pod) => `memcached-${pod}.memcached.default.svc.cluster.local:11211`);

export const byName: MemcachedClientOptions = { servers: names, commandTimeout: '100ms' };

export const byDns: MemcachedClientOptions = {
  discovery: { type: 'dns', name: 'memcached.default.svc.cluster.local', interval: '30s' },
  commandTimeout: '100ms',
};
