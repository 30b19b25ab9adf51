import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { seeded } from '../cache/support/seeded.js';
import * as faults from '../support/fault-proxy.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { Load, measured, valueOf } from './load.js';

const LIMIT_MS = 60_000;

let server: RealMemcached;
let proxy: faults.FaultProxy;
let client: MemcachedClient;

async function connect(options: MemcachedClientOptions = {}): Promise<void> {
  client = new MemcachedClient({ servers: proxy.address, ...options });
  await client.connect();
}

beforeEach(async () => {
  server = await startMemcached();
  proxy = await faults.FaultProxy.start(server);
});
afterEach(async () => {
  await client.close();
  await proxy.close();
  await server.stop();
});

/** Faults that end the connection without a word, or by words that cannot be trusted. */
const FAULTS: readonly (readonly [name: string, fault: () => faults.Fault, codes: readonly string[]])[] = [
  ['connections that are closed', () => faults.cut, ['MEMCACHED_CONNECTION']],
  ['connections that are reset', () => faults.reset, ['MEMCACHED_CONNECTION']],
  ['replies that are cut short', () => faults.truncate, ['MEMCACHED_CONNECTION']],
  ['noise among the replies', () => faults.garble(seeded(7)), ['MEMCACHED_CONNECTION', 'MEMCACHED_PROTOCOL']],
  [
    "another protocol's answers",
    () => faults.instead('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    // Within a long value they are not noticed before bytes are missing at its end.
    ['MEMCACHED_CONNECTION', 'MEMCACHED_PROTOCOL', 'MEMCACHED_TIMEOUT'],
  ],
  ['replies too many', () => faults.duplicate, ['MEMCACHED_CONNECTION', 'MEMCACHED_PROTOCOL']],
  [
    'replies too few',
    () => faults.swallowFirst,
    ['MEMCACHED_CONNECTION', 'MEMCACHED_PROTOCOL', 'MEMCACHED_TIMEOUT'],
  ],
];

describeReal('replies that break under load', () => {
  describe.each(['meta', 'classic'] as const)('in the %s dialect', (protocol) => {
    it.each(FAULTS)(
      'never become wrong answers: %s',
      async (name, fault, codes) => {
        await connect({ protocol });
        // In the classic dialect no number says which counter it is of.
        const load = new Load(client, { counters: protocol === 'meta' });
        await load.more(300);
        const before = proxy.connections;
        proxy.inject(faults.every(15, fault()));
        while (proxy.connections < before + 15) await proxy.nextConnection();
        const broken = proxy.connections - before;
        proxy.heal();
        await load.more(500);
        const { wrong, failed } = await load.stop();
        measured(`${protocol}, ${name}`, broken, 'connections');
        expect(wrong).toStrictEqual([]);
        expect([...failed.keys()].filter((code) => !codes.includes(code))).toStrictEqual([]);
        // All is well again, on one connection.
        await client.set('last', valueOf('last', 1));
        expect(await client.get('last')).toBe(valueOf('last', 1));
        expect(proxy.open).toBe(1);
      },
      LIMIT_MS,
    );
  });

  it('do not outlive their connection: half a value is never completed by the next one', async () => {
    await connect();
    const long = 'x'.repeat(200_000);
    await client.set('long', long);
    await client.set('short', 'short value');
    for (let count = 0; count < 20; count += 1) {
      proxy.inject(faults.truncate);
      const read = client.get('long').catch((error: unknown) => error);
      const counted = client.incr('count').catch((error: unknown) => error);
      expect(await counted).toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'unknown' });
      proxy.heal();
      // Read anew on the next connection, or failed; never half.
      expect([long, 'MEMCACHED_CONNECTION']).toContain(
        await read.then((it) => (it as { code?: string }).code ?? it),
      );
      expect(await client.get('short')).toBe('short value');
      expect(await client.get('long')).toBe(long);
    }
  });
});

describeReal('replies that take their time', () => {
  it(
    'work one byte at a time',
    async () => {
      proxy.inject(faults.drip(2));
      await connect({ connectTimeout: '30s', commandTimeout: '30s' });
      await client.set('k', { a: 'value' });
      await client.set('l', 'another');
      expect(await client.get('k')).toStrictEqual({ a: 'value' });
      expect(new Map(await client.getMany(['k', 'l', 'm']))).toStrictEqual(
        new Map<string, unknown>([
          ['k', { a: 'value' }],
          ['l', 'another'],
        ]),
      );
      expect(await client.incr('n', 1, { initial: 1 })).toBe(1);
      expect(await client.gets('k')).toMatchObject({ value: { a: 'value' } });
    },
    LIMIT_MS,
  );

  it('work over a long way', async () => {
    proxy.inject(faults.delay(100));
    await connect();
    const keys = Array.from({ length: 500 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => client.set(key, valueOf(key, 3))));
    expect(await Promise.all(keys.map((key) => client.get(key)))).toStrictEqual(
      keys.map((key) => valueOf(key, 3)),
    );
  });

  it.each(['meta', 'classic'] as const)(
    'and come too late reach nobody, in the %s dialect',
    async (protocol) => {
      await connect({ protocol, commandTimeout: 250, failuresToDown: 1000 });
      for (const key of ['a', 'b', 'c']) await client.set(key, `value of ${key}`);
      for (let round = 0; round < 5; round += 1) {
        proxy.inject(faults.stall);
        const late = ['a', 'b', 'c', 'missing'].map((key) =>
          client.get(key).catch((error: { code: string }) => error.code),
        );
        expect(await Promise.all(late)).toStrictEqual(Array.from({ length: 4 }, () => 'MEMCACHED_TIMEOUT'));
        const up = new Promise<void>((resolve) => client.once('node', () => resolve()));
        proxy.heal();
        await up;
        for (const key of ['c', 'a', 'b']) expect(await client.get(key)).toBe(`value of ${key}`);
      }
      // One, unless this machine was too busy to answer a probe in time.
      expect(proxy.connections).toBeLessThanOrEqual(3);
    },
    LIMIT_MS,
  );

  it(
    'and never come end a listing of keys that has begun',
    async () => {
      await connect({ commandTimeout: 100 });
      await client.setMany(Array.from({ length: 5000 }, (_, index) => [`key:${index}`, index] as const));
      proxy.inject(faults.silence(50_000));
      let listed = 0;
      const listing = async (): Promise<void> => {
        for await (const key of client.keys()) {
          expect(key).toMatch(/^key:/);
          listed += 1;
        }
      };
      await expect(listing()).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
      expect(listed).toBeGreaterThanOrEqual(100);
    },
    LIMIT_MS,
  );

  it(
    'and never come let the connection be replaced',
    async () => {
      await connect({ commandTimeout: 100 });
      await client.set('k', 'v');
      proxy.inject(faults.blackhole);
      await expect(client.get('k')).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
      await proxy.nextConnection();
      proxy.heal();
      // The attempt that fell into the hole is given up, the next one comes through.
      while (client.topology()[0].state !== 'up')
        await new Promise((resolve) => client.once('node', resolve));
      expect(await client.get('k')).toBe('v');
    },
    LIMIT_MS,
  );
});
