import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client.js';
import { FaultProxy } from '../../lib/testing/fault-proxy.js';
import { CacheProbe, type FaultyServer } from '../../lib/testing/index.js';

type Step = (server: FaultyServer) => void | Promise<void>;

/** Resolves once a reply has met the fault that begins next. */
function nextFaultMet(): Promise<void> {
  const { inject } = FaultProxy.prototype;
  return new Promise((resolve) => {
    const spy = jest.spyOn(FaultProxy.prototype, 'inject').mockImplementation(function (
      this: FaultProxy,
      fault,
    ) {
      spy.mockRestore();
      inject.call(this, (bytes, link) => {
        fault(bytes, link);
        resolve();
      });
    });
  });
}

describe('faults of a server', () => {
  let probe: CacheProbe;
  let server: FaultyServer;
  let client: MemcachedClient;

  beforeEach(async () => {
    probe = await CacheProbe.start();
    [server] = probe.servers;
    client = new MemcachedClient({
      servers: probe.addresses,
      commandTimeout: 1000,
      reconnectDelay: { min: 10, max: 10 },
    });
    await client.set('a', 'A'.repeat(50));
    await client.set('b', 'B');
  });

  afterEach(async () => {
    await client.close();
    await probe.close();
  });

  /** Resolves once the server answers again. */
  const isBack = async (): Promise<void> => {
    while ((await client.get('b').catch(() => undefined)) !== 'B') await pause(10);
  };

  it.each<[string, Step, Step]>([
    ['slow, then healed', (it) => it.slow(100), (it) => it.heal()],
    ['slow, then less so', (it) => it.slow(100), (it) => it.slow(1)],
    ['slow, then byte by byte', (it) => it.slow(100), (it) => it.drip()],
    ['byte by byte, then healed', (it) => it.drip(5), (it) => it.heal()],
    ['byte by byte, then faster', (it) => it.drip(200), (it) => it.drip(1)],
    ['stalled, then slow', (it) => it.stall(), (it) => it.slow(1)],
    ['stalled, then healed', (it) => it.stall(), (it) => it.heal()],
  ])('leave replies in their order: %s', async (_name, begin, then) => {
    const met = nextFaultMet();
    await begin(server);
    const first = client.get('a');
    await met;
    await then(server);
    expect(await client.get('b')).toBe('B');
    expect(await first).toBe('A'.repeat(50));
  });

  it.each<[string, Step, Step]>([
    ['refused, then slow', (it) => it.refuse(), (it) => it.slow(1)],
    ['down, then slow', (it) => it.down(), (it) => it.slow(1)],
    ['down, then healed and not waited for', (it) => it.down(), (it) => void it.heal()],
    [
      'down, then healed twice at once',
      (it) => it.down(),
      async (it) => void (await Promise.all([it.heal(), it.heal()])),
    ],
  ])('last until the next one: %s', async (_name, begin, then) => {
    await begin(server);
    await expect(client.get('b')).rejects.toThrow();
    await then(server);
    await isBack();
  });

  it('follow one another: down last is down', async () => {
    await server.down();
    const healed = server.heal();
    await server.down();
    await healed;
    await expect(client.get('b')).rejects.toThrow();
    await server.heal();
    await isBack();
  });

  it('end with the server, also one that is about to come back', async () => {
    await server.down();
    void server.heal();
    await probe.close();
    await server.heal();
    await expect(fetch(`http://${server.address}`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
  });
});
