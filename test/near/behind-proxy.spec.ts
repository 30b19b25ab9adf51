import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import { EpochNames } from '../../lib/cluster/epoch-names.js';
import { startTwemproxy } from '../../scripts/twemproxy.mjs';
import { startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { describeTwemproxy } from '../support/twemproxy.js';
import {
  expectDropped,
  KEY_PREFIX,
  MAX_AGE_MS,
  Members,
  NEAR,
  warm,
  type Member,
} from './support/members.js';

/** In the classic dialect nobody can tell for how long there have been near caches: each begins after 2.5 s. */
jest.setTimeout(60_000);

/** How long the proxy waits for a backend. */
const PROXY_TIMEOUT_MS = 300;

const KEYS = Array.from({ length: 24 }, (_, index) => `${index}:product`);

const names = new EpochNames((name) => KEY_PREFIX + name);

describeTwemproxy('near caches behind twemproxy', () => {
  let backends: RealMemcached[];
  let proxy: Awaited<ReturnType<typeof startTwemproxy>>;
  const members = new Members();

  beforeEach(async () => {
    backends = await Promise.all([startMemcached(), startMemcached()]);
    proxy = await startTwemproxy(
      backends.map(({ address }) => address),
      PROXY_TIMEOUT_MS,
      ['one', 'two'],
    );
  });
  afterEach(async () => {
    await members.close();
    await proxy.stop();
    await Promise.all(backends.map((backend) => backend.stop()));
  });

  const start = (isNear: boolean): Member =>
    members.start(proxy.address, { leaseWait: 0, ...(isNear ? NEAR : {}) }, { protocol: 'classic' });

  /** Which backend holds an item. */
  async function backendOf(item: string): Promise<RealMemcached> {
    for (const backend of backends) {
      await using client = new MemcachedClient({ servers: backend.address });
      if (await client.touch(item, '1h')) return backend;
    }
    throw new Error(`nobody holds ${item}`);
  }

  const epochOf = (key: string): string => names.of(names.shardOf(KEY_PREFIX + key));

  it('serve what others have changed no longer than they may', async () => {
    const [reader, other, plain] = [start(true), start(true), start(false)];
    const changes: Record<string, (member: Member, key: string) => Promise<unknown>> = {
      invalidate: ({ cache }, key) => cache.invalidate(key),
      tag: ({ cache }) => cache.invalidateTags('tag'),
      set: ({ cache }, key) => cache.set(key, 'new', { tags: ['tag'] }),
      update: ({ cache }, key) => cache.update(key, () => 'new'),
    };
    for (const [name, change] of Object.entries(changes)) {
      for (const writer of [other, plain]) {
        const key = `${name}:${writer === plain ? 'plain' : 'near'}`;
        await warm(reader, key, 'old', ['tag']);
        await change(writer, key);
        await expectDropped(reader, key, performance.now(), { tags: ['tag'] });
        await plain.cache.invalidateTags('tag');
      }
    }
  });

  it('lose the keys that are on a backend that is away, or have their epochs there, and no others', async () => {
    const [reader, writer] = [start(true), start(false)];
    await warm(reader, KEYS, 'old');
    const home = await backendOf(`${KEY_PREFIX}~near`);
    const away = backends.find((backend) => backend !== home)!;
    const lost = new Set<string>();
    for (const key of KEYS) {
      const items = [KEY_PREFIX + key, epochOf(key)];
      if ((await Promise.all(items.map(backendOf))).includes(away)) lost.add(key);
    }
    expect(lost.size).toBeGreaterThan(0);
    expect(lost.size).toBeLessThan(KEYS.length);
    const changed = KEYS.find((key) => !lost.has(key))!;
    await away.stop();
    await writer.cache.invalidate(changed);
    const returned = performance.now();
    while (performance.now() <= returned + MAX_AGE_MS) await wait(5);
    for (const key of KEYS) {
      const before = reader.cache.near!.hits;
      if (lost.has(key)) {
        for (let read = 0; read < 3; read += 1)
          await reader.cache.getOrSet(key, () => 'new').catch(() => undefined);
        expect([key, reader.cache.near!.hits - before]).toEqual([key, 0]);
      } else if (key !== changed) {
        await warm(reader, key, 'old');
      }
    }
  });

  it.each(['killed', 'paused'] as const)(
    'serve nothing older once a backend that was %s is back and what it was owed is delivered',
    async (harm) => {
      const [reader, writer] = [start(true), start(false)];
      await warm(reader, KEYS, 'old');
      const home = await backendOf(`${KEY_PREFIX}~near`);
      const at = backends.findIndex((backend) => backend !== home);
      if (harm === 'paused') await backends[at].pause();
      else await backends[at].stop();
      await Promise.all(KEYS.map((key) => writer.cache.invalidate(key)));
      expect(writer.client.topology()[0].owed).toBeGreaterThan(0);
      if (harm === 'paused') backends[at].kill('SIGCONT');
      else backends[at] = await startMemcached({ port: backends[at].port });
      while (writer.client.topology().some(({ owed }) => owed > 0)) await wait(5);
      const returned = performance.now();
      for (const key of KEYS) await expectDropped(reader, key, returned);
      await warm(reader, KEYS, 'new');
    },
  );
});
