import { bytewise, FaultProxy } from '../../support/fault-proxy.js';
import { describeReal, startMemcached, type RealMemcached } from '../../support/real-memcached.js';
import { contract, type Setup } from './contract.js';

/** The set-up of a server whose replies arrive byte by byte. */
function bytewiseSetup(protocol: 'meta' | 'classic'): Setup {
  let server: RealMemcached;
  let proxy: FaultProxy;
  return {
    lacks: protocol === 'meta' ? [] : ['meta'],
    manyRequests: 500,
    async start() {
      server = await startMemcached();
      proxy = await FaultProxy.start(server);
      proxy.inject(bytewise);
      return { servers: proxy.address, protocol };
    },
    async stop() {
      await proxy.close();
      await server.stop();
    },
  };
}

describeReal('the client on a memcached whose replies arrive byte by byte, meta dialect', () => {
  contract(bytewiseSetup('meta'));
});

describeReal('the client on a memcached whose replies arrive byte by byte, classic dialect', () => {
  contract(bytewiseSetup('classic'));
});
