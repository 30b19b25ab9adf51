import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { MemcachedServer } from '../../lib/testing/index.js';

const DIALECTS = ['meta', 'classic'] as const;

describe.each(DIALECTS.flatMap((taken) => DIALECTS.map((touched) => [taken, touched] as const)))(
  'the stub of a lease taken in the %s dialect whose key is touched in the %s one',
  (taken, touched) => {
    let server: MemcachedServer;
    const clients: MemcachedClient[] = [];
    const connect = (protocol: 'meta' | 'classic'): MemcachedClient => {
      const client = new MemcachedClient({ servers: server.address, protocol, commandTimeout: '10s' });
      clients.push(client);
      return client;
    };
    /** What is left of it, once everything that is on its way has been carried out. */
    const leftMs = async (): Promise<number | undefined> => {
      await Promise.all(clients.map((client) => client.get('other')));
      return (await connect('meta').leaseGet('k', { leaseSeconds: 0 })).ttl;
    };

    beforeEach(async () => {
      server = await MemcachedServer.start();
      await connect(taken).leaseGet('k', { leaseSeconds: 30 });
    });
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
      await server.close();
    });

    it('keeps its time, and is nothing', async () => {
      expect(await connect(touched).touch('k', '1h')).toBe(false);
      expect(await leftMs()).toBeLessThanOrEqual(30_000);
    });

    it('keeps its time where the value was asked for, too', async () => {
      await connect(touched).getAndTouch('k', '1h');
      expect(await leftMs()).toBeLessThanOrEqual(30_000);
    });
  },
);
