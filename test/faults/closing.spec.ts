import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import * as faults from '../support/fault-proxy.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

let server: RealMemcached;
let proxy: faults.FaultProxy;

beforeEach(async () => {
  server = await startMemcached();
  proxy = await faults.FaultProxy.start(server);
});
afterEach(async () => {
  await proxy.close();
  await server.stop();
});

async function connect(options: MemcachedClientOptions = {}): Promise<MemcachedClient> {
  const client = new MemcachedClient({ servers: proxy.address, commandTimeout: '20s', ...options });
  await client.set('k', 'v');
  return client;
}

/** What the commands come to: values, and the codes of errors. */
function outcomes(commands: readonly Promise<unknown>[]): Promise<unknown[]> {
  return Promise.all(commands.map((command) => command.catch((error: { code: string }) => error.code)));
}

describeReal('closing a client with commands in flight', () => {
  it('lets them be answered', async () => {
    const client = await connect();
    proxy.inject(faults.delay(50));
    const commands = Array.from({ length: 100 }, () => client.get('k'));
    const order: string[] = [];
    const all = outcomes(commands).then((values) => {
      order.push('answered');
      return values;
    });
    await client.close().then(() => order.push('closed'));
    expect(await all).toStrictEqual(commands.map(() => 'v'));
    expect(order).toStrictEqual(['answered', 'closed']);
  });

  it.each([0, '100ms'] as const)(
    'rejects them when the server takes longer than %p',
    async (drainTimeout) => {
      const client = await connect({ drainTimeout });
      proxy.inject(faults.stall);
      const commands = outcomes([client.get('k'), client.incr('n'), client.getMany(['a', 'b'])]);
      await client.close();
      const [read, counted, many] = await commands;
      expect([read, counted]).toStrictEqual(['MEMCACHED_CLOSED', 'MEMCACHED_CLOSED']);
      expect(many).toMatchObject({ failures: [{ keys: ['a', 'b'], error: { code: 'MEMCACHED_CLOSED' } }] });
    },
  );

  it('says of each whether it was sent', async () => {
    const client = await connect({ drainTimeout: 0 });
    proxy.inject(faults.stall);
    const written = client.incr('n').catch((error: unknown) => error);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const batched = client.incr('n').catch((error: unknown) => error);
    // A command passes through a few promises before it is in the batch.
    await Promise.resolve()
      .then(() => {})
      .then(() => {});
    await client.close();
    expect(await written).toMatchObject({ code: 'MEMCACHED_CLOSED', outcome: 'unknown' });
    expect(await batched).toMatchObject({ code: 'MEMCACHED_CLOSED', outcome: 'not-sent' });
  });

  it('rejects what comes afterwards, and is done once', async () => {
    const client = await connect();
    await Promise.all([client.close(), client.close()]);
    await client.close();
    await expect(client.get('k')).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED', outcome: 'not-sent' });
    await expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
  });

  it('ends the probing of a server that is away', async () => {
    const client = await connect();
    await proxy.close();
    await expect(client.incr('n')).rejects.toMatchObject({ code: 'MEMCACHED_CONNECTION' });
    await client.close();
    proxy = await faults.FaultProxy.start(server);
    expect(client.topology()[0].state).not.toBe('up');
  });

  it('leaves no connection open', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect()));
    await Promise.all(clients.map((client) => client.close()));
    while (proxy.open > 0) await new Promise(setImmediate);
    expect(proxy.connections).toBe(5);
  });
});
