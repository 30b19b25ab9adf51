import { describe, expect, it } from '@jest/globals';
import { pause } from '../../lib/cache/pause.js';
import type { LoadContext } from '../../lib/cache/load-context.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

interface Page {
  list: number[];
  you?: string;
}

/** What callers get who write into it as soon as they have it. */
const signed = async (page: Promise<Page>, name: string): Promise<string> => {
  const mine = await page;
  mine.you ??= name;
  mine.list.push(name.length);
  return `${mine.you} ${mine.list.length}`;
};

describe("share: 'copy'", () => {
  const copies = { share: 'copy' } as const;

  it('gives each who joins a computation an object of his own', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const load = deferred<Page>();
    let loads = 0;
    const get = (): Promise<Page> => cache.getOrSet('k', () => ((loads += 1), load.promise), copies);
    const first = ['ann', 'bob'].map((name) => signed(get(), name));
    await settled();
    const later = signed(get(), 'eve');
    await settled();
    load.resolve({ list: [] });
    expect(await Promise.all([...first, later])).toEqual(['ann 1', 'bob 1', 'eve 1']);
    expect(loads).toBe(1);
  });

  it('gives each who shares a read an object of his own, stale values too', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ grace: '1m' });
    const load = (): Page => ({ list: [] });
    await cache.getOrSet('k', load);
    const both = (): Promise<string[]> =>
      Promise.all(['ann', 'bob'].map((name) => signed(cache.getOrSet('k', load, copies), name)));
    expect(await both()).toEqual(['ann 1', 'bob 1']);
    await cache.invalidate('k', { soft: '1m' });
    expect(await both()).toEqual(['ann 1', 'bob 1']);
  });

  it('does so of many', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    let loads = 0;
    const many = async (name: string, ids: number[]): Promise<string[]> => {
      const found = await cache.getOrSetMany(
        ids,
        (id) => `k${id}`,
        async (missing) => missing.map(() => ((loads += 1), { list: [] }) as Page),
        copies,
      );
      return Promise.all(ids.map((id) => signed(Promise.resolve(found.get(id) as Page), name)));
    };
    const mine = ['ann 1', 'ann 1'];
    expect(await Promise.all([many('ann', [1, 2]), many('bob', [2, 1])])).toEqual([
      mine,
      mine.map((text) => text.replace('ann', 'bob')),
    ]);
    expect(await Promise.all([many('ann', [1, 2]), many('ann', [1, 2])])).toEqual([mine, mine]);
    expect(loads).toBe(2);
  });

  it('computes for each what cannot be copied, and lets an error of the loader through', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    let loads = 0;
    const get = async (): Promise<unknown> =>
      cache.getOrSet('k', async () => ((loads += 1), { number: loads, method: () => loads }), copies);
    const [one, other] = await Promise.all([get(), get()]);
    expect(one).not.toBe(other);
    const many = async (): Promise<Map<number, unknown>> =>
      cache.getOrSetMany(
        [1],
        () => 'many',
        async () => [{ method: () => loads }],
        copies,
      );
    const both = Promise.all([many(), many()]);
    // The batch of the second begins late.
    await settled();
    await fleet.pass(50);
    const [first, second] = await both;
    expect(first.get(1)).not.toBe(second.get(1));
    const failing = (): Promise<unknown> =>
      cache.getOrSet('failing', () => Promise.reject(new RangeError('no')), copies);
    expect(await Promise.allSettled([failing(), failing()])).toEqual([
      { status: 'rejected', reason: new RangeError('no') },
      { status: 'rejected', reason: new RangeError('no') },
    ]);
  });

  it('copies nothing for one who is alone, nor text', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const page: Page = { list: [] };
    expect(await cache.getOrSet('k', () => page, copies)).toBe(page);
    const both = [1, 2].map(() => cache.getOrSet('text', () => 'a', copies));
    expect(await Promise.all(both)).toEqual(['a', 'a']);
  });

  it('gives nobody what is yet to be stored, where a slow store has him wait no longer', async () => {
    for (const forceFresh of [false, true]) {
      const fleet = new Fleet();
      const { cache, store } = fleet.start();
      await cache.set('k', { list: [0] }, { tags: ['another'] });
      await cache.invalidateTags('another');
      Object.assign(store, { limitMs: 100 });
      store.before = () => pause(fleet.clock, 60);
      const load = (context: LoadContext): Page => {
        context.tag('late');
        return { list: [] };
      };
      // The tag has been there for long, so that the value is stored with it.
      await fleet.until(store.tagState('late'));
      await fleet.pass(60_000);
      const mine = signed(cache.getOrSet('k', load, { ...copies, forceFresh }), 'ann');
      expect(await fleet.until(mine)).toBe('ann 1');
      await fleet.pass(1000);
      expect(fleet.server.valueOf('k')).toEqual({ list: [] });
    }
  });

  it('gives it to him all the same where it cannot be stored', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    Object.assign(store, { limitMs: 100 });
    store.before = (operation) => (operation === 'write' ? pause(fleet.clock, 1000) : undefined);
    let loads = 0;
    const load = (): unknown => ((loads += 1), { method: () => loads });
    const mine = cache.getOrSet('k', load, copies);
    expect(await fleet.until(mine)).toHaveProperty('method');
    await fleet.pass(2000);
    expect(loads).toBe(1);
  });

  it('gives each who waits a stale value of his own that another process has left', async () => {
    const fleet = new Fleet();
    const a = fleet.start({ grace: '1m' }).cache;
    const b = fleet.start({ grace: '1m' }).cache;
    void a.getOrSet('k', () => new Promise(() => undefined));
    await settled();
    const waiting = ['ann', 'bob'].map((name) =>
      signed(
        b.getOrSet<Page>('k', () => ({ list: [7] }), copies),
        name,
      ),
    );
    await settled();
    await a.set('k', { list: [] });
    await a.invalidate('k', { soft: '30s' });
    // It is somebody else's to replace.
    fleet.server.find('k')!.tokenSent = true;
    await fleet.pass(500);
    expect(await Promise.all(waiting)).toEqual(['ann 1', 'bob 1']);
  });

  it("is 'same' unless it is said", async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const [one, other] = await Promise.all([1, 2].map(() => cache.getOrSet('k', () => ({ list: [] }))));
    expect(one).toBe(other);
    const own = fleet.start({ share: 'copy' }).cache;
    const [mine, yours] = await Promise.all([1, 2].map(() => own.getOrSet('k', () => ({ list: [] }))));
    expect(mine).not.toBe(yours);
    expect(mine).toEqual(yours);
  });
});
