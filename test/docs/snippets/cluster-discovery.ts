import type { ClientOptions } from '../../../lib/index.js';

export const nodesOfElastiCache: ClientOptions = {
  discovery: { type: 'elasticache', endpoint: 'my-cache.cfg.example.com:11211' },
};

export const headlessService: ClientOptions = {
  discovery: { type: 'dns', name: 'memcached.default.svc', interval: '30s' },
};

export const serviceRecords: ClientOptions = {
  discovery: { type: 'dns', name: '_memcached._tcp.example.com', record: 'srv' },
};

export const listOfYourOwn: ClientOptions = {
  discovery: async () => {
    const answer = await fetch('http://registry.example.com/memcached');
    return (await answer.json()) as string[]; // ['10.0.0.1:11211', '10.0.0.2:11211']
  },
};
