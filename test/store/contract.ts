import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CacheEntry, CacheStore } from '../../lib/cache/store.js';

/** Somewhere to run the contract: a store, and a second one on the same server, as another process has it. */
export interface Stores {
  readonly one: CacheStore;
  readonly two: CacheStore;
  stop(): Promise<void>;
}

/** What the cache relies on, whatever its store is. Nothing here waits for time to pass. */
export function storeContract(start: () => Promise<Stores>): void {
  let stores: Stores;
  let one: CacheStore;
  let two: CacheStore;
  let keys = 0;
  /** A key no other test has. */
  const fresh = (): string => `store:${(keys += 1)}`;
  const entry = (value: unknown, more: Partial<CacheEntry> = {}): CacheEntry => ({
    value,
    tags: [],
    kind: 'value',
    ...more,
  });

  beforeAll(async () => {
    stores = await start();
    ({ one, two } = stores);
  });
  afterAll(() => stores.stop());

  describe('a read of nothing', () => {
    it('wins the lease once', async () => {
      const key = fresh();
      expect(await one.read(key, 30, 0)).toMatchObject({ hit: false, won: true, busy: false, stale: false });
      expect(await two.read(key, 30, 0)).toMatchObject({ hit: false, won: false, busy: true, stale: false });
      expect(await one.read(key, 30, 0)).toMatchObject({ hit: false, won: false, busy: true });
    });

    it('tells everyone the same cas', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      expect(cas).not.toBe('');
      expect((await two.read(key, 30, 0)).cas).toBe(cas);
    });

    it('without a lease leaves nothing', async () => {
      const key = fresh();
      expect(await one.read(key, 0, 0)).toMatchObject({ hit: false, won: false, busy: false });
      expect(await one.read(key, 30, 0)).toMatchObject({ won: true });
    });
  });

  describe('a write', () => {
    it('stores over the stub that its cas names', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      expect(await one.write(key, entry('value'), 60, cas)).toBe('stored');
      const reading = await two.read(key, 30, 0);
      expect(reading).toMatchObject({ hit: true, won: false, busy: false, stale: false });
      expect(reading.value).toEqual(entry('value'));
      expect(reading.ttl).toBeGreaterThan(57_000);
      expect(reading.ttl).toBeLessThanOrEqual(60_000);
    });

    it('stores nothing once the key was removed', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      await two.remove(key);
      expect(await one.write(key, entry('old'), 60, cas)).toBe('not-found');
      expect(await one.read(key, 0, 0)).toMatchObject({ hit: false });
    });

    it('stores nothing over what came after a removal', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      await two.remove(key);
      const { cas: newer } = await two.read(key, 30, 0);
      expect(await one.write(key, entry('old'), 60, cas)).toBe('exists');
      expect(await two.write(key, entry('new'), 60, newer)).toBe('stored');
      expect(await one.write(key, entry('old'), 60, cas)).toBe('exists');
      expect((await one.read(key, 0, 0)).value).toEqual(entry('new'));
    });

    it('stores nothing over a value that was put meanwhile', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      await two.set(key, entry('put'), 60, true);
      expect(await one.write(key, entry('old'), 60, cas)).toBe('exists');
      expect((await one.read(key, 0, 0)).value).toEqual(entry('put'));
    });

    it('without a ttl never expires, and is never due', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      await one.write(key, entry('value'), 0, cas);
      expect(await one.read(key, 30, 1_000_000)).toMatchObject({ hit: true, ttl: undefined, won: false });
    });
  });

  describe('the right to refresh', () => {
    it('is given once, when fewer seconds are left than asked for', async () => {
      const key = fresh();
      await one.set(key, entry('value'), 60, true);
      expect(await one.read(key, 30, 50)).toMatchObject({ hit: true, won: false, busy: false });
      expect(await one.read(key, 30, 61)).toMatchObject({ hit: true, won: true, busy: false, stale: false });
      expect(await two.read(key, 30, 61)).toMatchObject({ hit: true, won: false, busy: true, stale: false });
    });

    it('is over with the next write', async () => {
      const key = fresh();
      await one.set(key, entry('old'), 60, true);
      const { cas } = await one.read(key, 30, 61);
      expect(await one.write(key, entry('new'), 100, cas)).toBe('stored');
      expect(await two.read(key, 30, 61)).toMatchObject({ won: false, busy: false, stale: false });
    });
  });

  describe('a stale mark', () => {
    it('gives the right to the next reader, asked for or not, and shows itself to all', async () => {
      const key = fresh();
      await one.set(key, entry('old'), 600, true);
      await one.markStale(key, 30);
      const reading = await two.read(key, 0, 0);
      expect(reading).toMatchObject({ hit: true, won: true, busy: false, stale: true });
      expect(reading.value).toEqual(entry('old'));
      expect(reading.ttl).toBeGreaterThan(27_000);
      expect(reading.ttl).toBeLessThanOrEqual(30_000);
      expect(await one.read(key, 30, 0)).toMatchObject({ hit: true, won: false, busy: true, stale: true });
    });

    it('voids what was won before, and is gone with the next write', async () => {
      const key = fresh();
      await one.set(key, entry('old'), 60, true);
      const { cas } = await one.read(key, 30, 61);
      await two.markStale(key, 30);
      expect(await one.write(key, entry('older'), 60, cas)).toBe('exists');
      const { cas: newer } = await two.read(key, 30, 61);
      expect(await two.write(key, entry('new'), 60, newer)).toBe('stored');
      expect(await one.read(key, 30, 0)).toMatchObject({ hit: true, stale: false, won: false, busy: false });
    });

    it('voids a lease on nothing, too, and leaves nothing of it', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      await two.markStale(key, 300);
      expect(await one.write(key, entry('old'), 60, cas)).toBe('not-found');
      expect(await two.read(key, 20, 0)).toMatchObject({ hit: false, won: true, stale: false });
      expect((await one.read(key, 20, 0)).ttl).toBeLessThanOrEqual(20_000);
    });

    it('on nothing leaves nothing', async () => {
      const key = fresh();
      await one.markStale(key, 30);
      expect(await one.read(key, 30, 0)).toMatchObject({ hit: false, won: true, stale: false });
    });
  });

  describe('a release', () => {
    it('of a lease on nothing lets the next reader win', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      expect(await one.release(key, cas, 0)).toBe(true);
      expect(await two.read(key, 30, 0)).toMatchObject({ hit: false, won: true });
    });

    it('of the right to a stale value keeps the value for so long', async () => {
      const key = fresh();
      await one.set(key, entry('old'), 60, true);
      const { cas } = await one.read(key, 30, 61);
      expect(await one.release(key, cas, 20)).toBe(true);
      const reading = await two.read(key, 30, 61);
      expect(reading).toMatchObject({ hit: true, won: true, stale: true });
      expect(reading.value).toEqual(entry('old'));
      expect(reading.ttl).toBeLessThanOrEqual(20_000);
    });

    it('does nothing once the key has changed', async () => {
      const key = fresh();
      const { cas } = await one.read(key, 30, 0);
      await two.set(key, entry('put'), 60, true);
      expect(await one.release(key, cas, 0)).toBe(false);
      expect(await one.release(key, cas, 20)).toBe(false);
      expect(await one.read(key, 30, 0)).toMatchObject({ hit: true, stale: false });
    });
  });

  describe('an entry', () => {
    it.each([
      ['text', 'hello, 键'],
      ['empty text', ''],
      ['zero', 0],
      ['a fraction', 1.5],
      ['true', true],
      ['null', null],
      ['a bigint', 12n],
      ['an object', { a: [1, { b: null }] }],
      ['bytes', Buffer.from([0, 255, 10, 13])],
      ['no bytes', Buffer.alloc(0)],
      ['a date', new Date(1_700_000_000_000)],
      ['a map', new Map([['a', new Set([1])]])],
      ['undefined', undefined],
    ])('of %s is what it was, with tags and without', async (_name, value) => {
      for (const tags of [
        [],
        [
          { tag: 'author:7, "x"\n键', version: 'v1' },
          { tag: 'y', version: '2' },
        ],
      ]) {
        for (const kind of ['value', 'no-refresh-ahead'] as const) {
          const key = fresh();
          const { cas } = await one.read(key, 30, 0);
          expect(await one.write(key, entry(value, { tags, kind }), 60, cas)).toBe('stored');
          const reading = await two.read(key, 30, 0);
          expect(reading.hit).toBe(true);
          expect(reading.value).toEqual({ value, tags, kind });
        }
      }
    });
  });

  describe('a tag', () => {
    it('has a version that stays', async () => {
      const tag = fresh();
      const { version } = await one.tagState(tag);
      expect(version).not.toBe('');
      expect(await two.tagState(tag)).toMatchObject({ tag, version });
    });

    it('has another version after a bump, and never one that it had', async () => {
      const tag = fresh();
      const versions = new Set<string>();
      for (let bump = 0; bump < 5; bump += 1) {
        versions.add((await one.tagState(tag)).version);
        await two.bumpTag(tag, 0);
      }
      expect(versions.size).toBe(5);
    });

    it('that has just been made is no second old', async () => {
      const { ageSeconds } = await one.tagState(fresh());
      expect(ageSeconds).toBeLessThanOrEqual(1);
    });

    it('remembers the version before a soft bump for so long, and before another one no more', async () => {
      const tag = fresh();
      const first = await one.tagState(tag);
      expect(first.staleVersion).toBeUndefined();
      await two.bumpTag(tag, 600);
      const second = await one.tagState(tag);
      expect(second.version).not.toBe(first.version);
      expect(second.staleVersion).toBe(first.version);
      await two.bumpTag(tag, 600);
      expect((await one.tagState(tag)).staleVersion).toBe(second.version);
      await two.bumpTag(tag, 0);
      expect((await one.tagState(tag)).staleVersion).toBeUndefined();
    });

    it('that nobody knows can be bumped softly', async () => {
      const tag = fresh();
      await one.bumpTag(tag, 600);
      expect((await two.tagState(tag)).staleVersion).toBeUndefined();
    });

    it('made by several at once is the same to all', async () => {
      const tag = fresh();
      const states = await Promise.all([one.tagState(tag), two.tagState(tag), one.tagState(tag)]);
      expect(new Set(states.map(({ version }) => version)).size).toBe(1);
    });

    it('is not the value of the same name', async () => {
      const key = fresh();
      await one.tagState(key);
      expect(await one.read(key, 0, 0)).toMatchObject({ hit: false });
    });
  });

  describe('a lock', () => {
    it('is held by one, and its fence grows', async () => {
      const key = fresh();
      const held = (await one.lock(key, 30))!;
      expect(await two.lock(key, 30)).toBeUndefined();
      expect(await one.unlock(key, held.token)).toBe(true);
      const next = (await two.lock(key, 30))!;
      expect(next.fence).toBeGreaterThan(held.fence);
    });

    it('is not released by who does not hold it', async () => {
      const key = fresh();
      const held = (await one.lock(key, 30))!;
      await one.unlock(key, held.token);
      const other = (await two.lock(key, 30))!;
      expect(await one.unlock(key, held.token)).toBe(false);
      expect(await one.lock(key, 30)).toBeUndefined();
      expect(await two.unlock(key, other.token)).toBe(true);
      expect(await two.unlock(key, other.token)).toBe(false);
    });
  });

  describe('what the cache keeps beside values', () => {
    it.each(['~tag:', '~lock:', '~alive:', '~', '~~tag:'])(
      'is reached by no key that begins with %s',
      async (prefix) => {
        const name = fresh();
        const { version } = await one.tagState(name);
        const held = (await one.lock(name, 30))!;
        const key = prefix + name;
        expect(await one.read(key, 0, 0)).toMatchObject({ hit: false, busy: false });
        await one.set(key, entry('a value'), 60, true);
        expect((await two.read(key, 0, 0)).value).toEqual(entry('a value'));
        expect(await two.tagState(name)).toMatchObject({ version });
        await one.remove(key);
        expect(await two.tagState(name)).toMatchObject({ version });
        expect(await two.unlock(name, held.token)).toBe(true);
      },
    );
  });

  describe('a stale mark that is repeated', () => {
    it('prolongs nothing', async () => {
      const key = fresh();
      await one.set(key, entry('old'), 600, true);
      await one.markStale(key, 20);
      await two.markStale(key, 300);
      expect((await one.read(key, 30, 0)).ttl).toBeLessThanOrEqual(20_000);
    });

    it('neither does the first one, where less was left', async () => {
      const key = fresh();
      await one.set(key, entry('old'), 20, true);
      await one.markStale(key, 300);
      const reading = await two.read(key, 30, 0);
      expect(reading).toMatchObject({ hit: true, stale: true });
      expect(reading.ttl).toBeLessThanOrEqual(20_000);
    });
  });
}
