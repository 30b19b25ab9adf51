import type { MemcachedClientOptions } from '../../../lib/index.js';

export const byDefault: MemcachedClientOptions = { servers: '10.0.0.1,10.0.0.2', distribution: 'ketama' };

export const asTwemproxy: MemcachedClientOptions = {
  servers: '10.0.0.1,10.0.0.2',
  distribution: { type: 'twemproxy-ketama', hash: 'md5', hashTag: '{}' },
};
