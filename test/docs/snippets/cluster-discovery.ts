import type { MemcachedClientOptions } from '../../../lib/index.js';

export const nodesOfElastiCache: MemcachedClientOptions = {
  discovery: { type: 'elasticache', endpoint: 'my-cache.cfg.example.com:11211' },
};

export const headlessService: MemcachedClientOptions = {
  discovery: { type: 'dns', name: 'memcached.default.svc', interval: '30s' },
};

export const serviceRecords: MemcachedClientOptions = {
  discovery: { type: 'dns', name: '_memcached._tcp.example.com', record: 'srv' },
};

export const listOfYourOwn: MemcachedClientOptions = {
  discovery: async () => {
    const answer = await fetch('http://registry.example.com/memcached');
    return (await answer.json()) as string[]; // ['10.0.0.1:11211', '10.0.0.2:11211']
  },
};
