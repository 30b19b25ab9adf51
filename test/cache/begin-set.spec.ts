import { describe, expect, it } from '@jest/globals';
import { settled } from './support/fake-clock.js';
import { Fleet } from './support/fleet.js';

describe('beginSet', () => {
  it('stores the value that was made meanwhile', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('k', 'before');
    const pending = await cache.beginSet('k');
    await expect(pending.store('made')).resolves.toBe(true);
    await expect(cache.get('k')).resolves.toBe('made');
  });

  it.each([
    ['and there was a value', true],
    ['and there was none', false],
  ])('stores nothing when its key was invalidated meanwhile', async (_, there) => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    if (there) await a.cache.set('k', 'before');
    const pending = await a.cache.beginSet('k');
    await b.cache.invalidate('k');
    await expect(pending.store('older')).resolves.toBe(false);
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await expect(a.cache.getOrSet('k', () => 'newer')).resolves.toBe('new');
  });

  it('stores nothing over the load that another process has begun after an invalidation', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const pending = await a.cache.beginSet('k');
    await b.cache.invalidate('k');
    await expect(b.cache.getOrSet('k', () => 'new')).resolves.toBe('new');
    await expect(pending.store('older')).resolves.toBe(false);
    await expect(b.cache.get('k')).resolves.not.toBe('older');
  });

  it('leaves nothing that a newer value could be older than', async () => {
    const fleet = new Fleet();
    const a = fleet.start();
    const b = fleet.start();
    const pending = await a.cache.beginSet('k');
    await b.cache.set('k', 'of b');
    await expect(pending.store('of a')).resolves.toBe(false);
    await expect(b.cache.get('k')).resolves.toBeUndefined();
  });

  it.each(['for good', 'softly'])(
    'stores nothing fresh when a tag was invalidated meanwhile, %s',
    async (how) => {
      const fleet = new Fleet();
      const a = fleet.start();
      const b = fleet.start();
      const policy = { tags: ['t'], grace: '1m' } as const;
      const pending = await a.cache.beginSet('k', policy);
      if (how === 'softly') await b.cache.invalidateTags('t', { soft: '30s' });
      else await b.cache.invalidateTags('t');
      await pending.store('older');
      await expect(b.cache.get('k', policy)).resolves.toBeUndefined();
      await expect(b.cache.getOrSet('k', () => 'new', { ...policy, serveStale: false })).resolves.toBe('new');
    },
  );

  it.each(['nothing', 'a stale value'])(
    'leaves no lease behind where its tags cannot be read: on %s',
    async (what) => {
      const fleet = new Fleet();
      const { cache, store } = fleet.start({ lease: '10s' });
      if (what === 'a stale value') {
        await cache.set('k', 'old', { tags: ['t'] });
        await cache.invalidate('k', { soft: '30s' });
      }
      store.before = (operation) => {
        if (operation === 'tagState') throw new Error('no tags');
      };
      const pending = await cache.beginSet('k', { tags: ['t'] });
      pending.abandon();
      await settled();
      expect(fleet.server.find('k')?.tokenSent).not.toBe(true);
      expect(fleet.server.valueOf('k')).toBe(what === 'nothing' ? undefined : 'old');
    },
  );
});
