import { describe } from '@jest/globals';
import { MemcachedServer } from '../../../lib/testing/index.js';
import { contract } from './contract.js';

describe('the client on the embedded server', () => {
  let server: MemcachedServer;
  contract({
    async start() {
      server = await MemcachedServer.start();
      return { servers: server.address };
    },
    stop: () => server.close(),
  });
});

describe('the client on the embedded server, classic dialect', () => {
  let server: MemcachedServer;
  contract({
    lacks: ['meta'],
    async start() {
      server = await MemcachedServer.start();
      return { servers: server.address, protocol: 'classic' };
    },
    stop: () => server.close(),
  });
});
