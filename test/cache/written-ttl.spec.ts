import { describe, expect, it } from '@jest/globals';
import { Fleet, type Member } from './support/fleet.js';

type Write = (member: Member, value: unknown, ttl?: '1h' | 'never') => Promise<unknown>;

/** What stores a value under the key `k`, for a ttl of its own if there is one. */
const WRITERS: readonly (readonly [what: string, write: Write])[] = [
  ['update', ({ cache }, value, ttl) => cache.update<unknown>('k', () => value, { ttl })],
  ['add', ({ cache }, value, ttl) => cache.items.add('k', value, { ttl })],
  [
    'replace',
    async ({ cache }, value, ttl) => {
      await cache.set('k', 'before');
      await cache.items.replace('k', value, { ttl });
    },
  ],
  [
    'cas',
    async ({ cache }, value, ttl) => {
      await cache.set('k', 'before');
      const item = await cache.items.gets('k');
      await cache.items.cas('k', value, item!.cas, { ttl });
    },
  ],
];

describe.each(WRITERS)('%s', (_what, write) => {
  it.each(['1h', 'never'] as const)('stores for no longer than maxTtl: %s', async (ttl) => {
    const fleet = new Fleet();
    const member = fleet.start({ maxTtl: '1m' });
    await write(member, 1, ttl);
    expect(fleet.server.ttlOf('k')).toBe(60);
  });

  it('stores null for nullTtl, unless a ttl is given', async () => {
    const fleet = new Fleet();
    const member = fleet.start({ nullTtl: '10s' });
    await write(member, null);
    expect(fleet.server.ttlOf('k')).toBe(10);
    await member.cache.delete('k');
    await write(member, null, '1h');
    expect(fleet.server.ttlOf('k')).toBe(3600);
  });

  it('stores null like any other value where null is not cached otherwise', async () => {
    const fleet = new Fleet();
    await write(fleet.start({ nullTtl: 0 }), null);
    expect(fleet.server.ttlOf('k')).toBe(300);
  });
});

describe('touch', () => {
  it('lets nothing live for longer than maxTtl', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ maxTtl: '1m' });
    await cache.set('k', 1, { ttl: '10s' });
    await cache.items.touch('k', 'never');
    expect(fleet.server.ttlOf('k')).toBe(60);
  });
});
