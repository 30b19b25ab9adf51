import type { MemcachedClientOptions } from '../../../lib/index.js';

export const options: MemcachedClientOptions = {
  servers: [
    {
      host: 'cache-1.example.com',
      port: 11212,
      tls: { ca: process.env.CACHE_CA },
      username: 'app',
      password: process.env.CACHE_PASSWORD ?? 'secret',
    },
    'memcacheds://app:secret@cache-2.example.com:11212?weight=2',
  ],
};
