import { afterEach, describe, expect, it } from '@jest/globals';
import { KEEP } from '../../lib/cache/cas-update.js';
import { InvalidArgumentError } from '../../lib/errors.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Fleet, type Member } from './support/fleet.js';

const TAGGED = { tags: ['catalogue'] };

/** What stores a 1 under the key `k`. */
const WRITERS: readonly (readonly [what: string, write: (member: Member) => Promise<unknown>])[] = [
  ['update', ({ cache }) => cache.update<number>('k', () => 1)],
  ['add', ({ cache }) => cache.items.add('k', 1)],
  [
    'replace',
    async ({ cache }) => {
      await cache.set('k', 0);
      await cache.items.replace('k', 1);
    },
  ],
  [
    'gets and cas',
    async ({ cache }) => {
      await cache.set('k', 0);
      const item = await cache.items.gets('k');
      await cache.items.cas('k', 1, item!.cas);
    },
  ],
];

describe("where the module's cache has tags", () => {
  it.each(WRITERS)('what %s stores bears them, so that others read it', async (_what, write) => {
    const fleet = new Fleet();
    const member = fleet.start(TAGGED);
    await write(member);
    const { cache } = fleet.start(TAGGED);
    expect(await cache.get('k')).toBe(1);
    expect(await cache.getOrSet('k', () => 2)).toBe(1);
    await cache.invalidateTags('catalogue');
    expect(await cache.getOrSet('k', () => 2)).toBe(2);
  });

  it('an update goes on from what it has stored', async () => {
    const { cache } = new Fleet().start(TAGGED);
    for (const left of [899, 898, 897]) {
      await expect(cache.update('k', (current) => current - 1, { initial: 900 })).resolves.toBe(left);
      expect(await cache.getOrSet('k', () => 500)).toBe(left);
    }
  });

  it('what is there without them is nothing to an update either', async () => {
    const fleet = new Fleet();
    await fleet.start().cache.set('k', 5);
    const { cache } = fleet.start(TAGGED);
    expect(await cache.get('k')).toBeUndefined();
    await expect(cache.update<number>('k', (current) => current ?? KEEP)).resolves.toBeUndefined();
    await expect(cache.items.add('k', 6)).resolves.toBe(true);
    expect(await cache.get('k')).toBe(6);
  });

  it('tags that a call names stand in their place, as in the policy of a reader', async () => {
    const { cache } = new Fleet().start(TAGGED);
    const tags = ['stock'];
    await cache.items.add('added', 1, { tags });
    await cache.update('updated', (current) => current - 1, { initial: 900, tags });
    await cache.update('updated', (current) => current - 1, { initial: 900, tags });
    expect(await cache.getOrSet('added', () => 2, { tags })).toBe(1);
    expect(await cache.getOrSet('updated', () => 2, { tags })).toBe(898);
    await cache.invalidateTags('catalogue');
    expect(await cache.getOrSet('updated', () => 2, { tags })).toBe(898);
    await cache.invalidateTags('stock');
    expect(await cache.getOrSet('updated', () => 2, { tags })).toBe(2);
  });
});

describe('a counter', () => {
  let server: MemcachedServer;
  let memcached: MemcachedService;
  afterEach(async () => {
    await memcached.close();
    await server.close();
  });

  it.each([
    ['cache.tags', { tags: ['shop:*'] }],
    ['cache.namespaces', { namespaces: ['shop:'] }],
  ])('does not begin where reads look for tags, which it cannot bear: %s', async (_option, cache) => {
    server = await MemcachedServer.start();
    memcached = new MemcachedService({ servers: server.address, cache });
    const begun = memcached.incr('shop:hits', 1, { initial: 5 });
    await expect(begun).rejects.toThrow(InvalidArgumentError);
    await expect(begun).rejects.toThrow(
      `initial: a counter bears no tags, and what is under "shop:hits" has to bear 'shop:*' (cache.tags, or cache.namespaces), ` +
        'so that no read would find it; count by update(), or by service.client',
    );
    await expect(memcached.decr('shop:hits')).resolves.toBeUndefined();
    expect(await memcached.client.get('shop:hits')).toBeUndefined();
  });

  it('begins beside a namespace', async () => {
    server = await MemcachedServer.start();
    memcached = new MemcachedService({ servers: server.address, cache: { namespaces: ['shop:'] } });
    await expect(memcached.incr('hits', 1, { initial: 5 })).resolves.toBe(5);
    expect(await memcached.get('hits')).toBe(5);
  });
});
