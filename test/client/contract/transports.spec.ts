import { writeFileSync, mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificates, type Certificates } from '../../support/certificates.js';
import { describeReal, startMemcached, type RealMemcached } from '../../support/real-memcached.js';
import { startTwemproxy, type Twemproxy } from '../../../scripts/twemproxy.mjs';
import { describeTwemproxy } from '../../support/twemproxy.js';
import { contract } from './contract.js';

describeTwemproxy('the client on two memcached behind twemproxy', () => {
  let servers: RealMemcached[];
  let proxy: Twemproxy;
  contract({
    lacks: ['meta', 'server-commands'],
    async start() {
      servers = await Promise.all([startMemcached(), startMemcached()]);
      proxy = await startTwemproxy(servers.map((server) => server.address));
      return { servers: proxy.address };
    },
    async stop() {
      await proxy.stop();
      await Promise.all(servers.map((server) => server.stop()));
    },
  });
});

describeReal('the client on a memcached over TLS, with authentication', () => {
  let server: RealMemcached;
  let keys: Certificates;
  let folder: string;
  contract({
    async start() {
      keys = certificates();
      folder = mkdtempSync(join(tmpdir(), 'auth-'));
      chmodSync(folder, 0o755);
      writeFileSync(join(folder, 'users'), 'alice:s3cret\n');
      server = await startMemcached({ args: [...keys.memcachedArgs, '-Y', join(folder, 'users')] });
      return {
        servers: [
          {
            host: 'localhost',
            port: server.port,
            tls: { ca: keys.ca, family: 4 } as never,
            username: 'alice',
            password: 's3cret',
          },
        ],
      };
    },
    async stop() {
      await server.stop();
      keys.remove();
      rmSync(folder, { recursive: true });
    },
  });
});

describeReal('the client on a memcached behind a unix socket', () => {
  let server: RealMemcached;
  contract({
    async start() {
      server = await startMemcached({ unixSocket: true });
      return { servers: server.address };
    },
    stop: () => server.stop(),
  });
});

describeReal('the client on a memcached at an IPv6 address', () => {
  let server: RealMemcached;
  contract({
    async start() {
      server = await startMemcached({ host: '::1' });
      return { servers: server.address };
    },
    stop: () => server.stop(),
  });
});
