import type { ClientOptions } from '../../../lib/index.js';

const names = [0, 1, 2].map((pod) => `memcached-${pod}.memcached.default.svc.cluster.local:11211`);

export const byName: ClientOptions = { servers: names, commandTimeout: '100ms' };

export const byDns: ClientOptions = {
  discovery: { type: 'dns', name: 'memcached.default.svc.cluster.local', interval: '30s' },
  commandTimeout: '100ms',
};
