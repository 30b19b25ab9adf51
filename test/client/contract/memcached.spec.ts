import { describeReal, startMemcached, type RealMemcached } from '../../support/real-memcached.js';
import { contract } from './contract.js';

describeReal('the client on one memcached, meta dialect', () => {
  let server: RealMemcached;
  contract({
    async start() {
      server = await startMemcached();
      return { servers: server.address, protocol: 'meta' };
    },
    stop: () => server.stop(),
  });
});

describeReal('the client on one memcached, classic dialect', () => {
  let server: RealMemcached;
  contract({
    lacks: ['meta'],
    async start() {
      server = await startMemcached();
      return { servers: server.address, protocol: 'classic' };
    },
    stop: () => server.stop(),
  });
});

describeReal('the client on three weighted memcached', () => {
  let servers: RealMemcached[];
  contract({
    async start() {
      servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
      return { servers: servers.map((server, index) => `${server.address}=${index + 1}`) };
    },
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  });
});
