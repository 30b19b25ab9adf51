import { describe, expect, it, jest } from '@jest/globals';
import type { MemcachedCacheOptions, CachePolicy } from '../../lib/options/cache-options.js';
import { Fleet, type Member } from '../cache/support/fleet.js';

// Computing, on a machine that does much else.
jest.setTimeout(60_000);

const NEAR = { near: { maxAge: 500 } };

/** Long enough for a mark to be heeded by everybody. */
const SETTLED_MS = 3000;

/** A process whose near cache is in use, so that everybody knows of it, and the epochs of some keys are known. */
async function warm(fleet: Fleet, { cache }: Member, ...keys: string[]): Promise<void> {
  for (let passed = 0; passed < SETTLED_MS + 1000; passed += 100) {
    for (const key of keys) await fleet.until(cache.getOrSet(key, () => `value of ${key}`));
    await fleet.pass(100);
  }
}

function readsOf({ store }: Member, key: string): number {
  return store.log.filter((line) => line === `read ${key}`).length;
}

describe('a near cache', () => {
  it('serves what is read often without asking the store', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'k');
    const before = readsOf(member, 'k');
    for (let read = 0; read < 20; read += 1) {
      expect(await fleet.until(member.cache.getOrSet('k', () => 'another'))).toBe('value of k');
      await fleet.pass(100);
    }
    expect(readsOf(member, 'k')).toBe(before);
    expect(member.cache.near).toMatchObject({ items: 1 });
  });

  it.each<[string, CachePolicy, MemcachedCacheOptions]>([
    ['alone', {}, {}],
    ['with tags', { tags: ['t'] }, {}],
    ['with a signal', { signal: new AbortController().signal }, {}],
    ['with both', { tags: ['t'], signal: new AbortController().signal }, {}],
    ['in a namespace', {}, { namespaces: ['k'] }],
  ])('is asked once for each key that is read: %s', async (_what, policy, options) => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ...NEAR, ...options });
    let asked = 0;
    const expectMisses = (count: number): void => expect(cache.near?.misses).toBe((asked += count));
    await cache.getOrSet('k', () => 1, policy);
    expectMisses(1);
    const { signal, ...terms } = policy;
    await cache.getOrSet('k1', () => 1, cache.policy(terms));
    expectMisses(1);
    await cache.get('k2', policy);
    expectMisses(1);
    const keys = ['k3', 'k4'];
    await cache.getOrSetMany(
      keys,
      (key) => key,
      (missing) => missing.map(() => 1),
      policy,
    );
    expectMisses(2);
    await cache.getMany(['k5', 'k6'], policy);
    expectMisses(2);
    expect(signal?.aborted).not.toBe(true);
  });

  it('is off by default', async () => {
    const fleet = new Fleet();
    const member = fleet.start();
    await warm(fleet, member, 'k');
    expect(member.cache.near).toBeUndefined();
    expect(member.store.log.some((line) => line.startsWith('readEpochs'))).toBe(false);
  });

  it('keeps nothing until everybody who invalidates must know of it', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    for (;;) {
      await fleet.until(member.cache.getOrSet('k', () => 'value'));
      await fleet.pass(100);
      if (member.cache.near?.items === 1) break;
    }
    expect(fleet.clock.now()).toBeGreaterThan(2500);
  });

  it('keeps something at once where another has been before', async () => {
    const fleet = new Fleet();
    await warm(fleet, fleet.start(NEAR), 'k');
    const second = fleet.start(NEAR);
    for (let read = 0; read < 6; read += 1) {
      await fleet.until(second.cache.getOrSet('k', () => 'value'));
      await fleet.pass(50);
    }
    expect(second.cache.near?.items).toBe(1);
  });

  it.each(['500ms', 100] as const)(
    'serves nothing older for longer than its time after another process has invalidated it: %s',
    async (near) => {
      const fleet = new Fleet();
      const [reader, writer] = [fleet.start(NEAR), fleet.start()];
      const read = (value: string): Promise<string> =>
        fleet.until(reader.cache.getOrSet('k', () => value, { near }));
      for (let passed = 0; passed < SETTLED_MS + 1000; passed += 50) {
        await read('old');
        await fleet.pass(50);
      }
      expect(reader.cache.near?.items).toBe(1);
      await fleet.until(writer.cache.invalidate('k'));
      const invalidatedAt = fleet.clock.now();
      let lastOld = 0;
      for (let passed = 0; passed < 1000; passed += 10) {
        const at = fleet.clock.now();
        if ((await reader.cache.getOrSet('k', () => 'new', { near })) === 'old') lastOld = at - invalidatedAt;
        await fleet.pass(10);
      }
      expect(lastOld).toBeLessThanOrEqual(near === 100 ? 100 : 500);
    },
  );

  it.each([
    ['invalidate', ({ cache }: Member) => cache.invalidate('k')],
    ['delete', ({ cache }: Member) => cache.delete('k')],
    ['set', ({ cache }: Member) => cache.set('k', 'new')],
    ['a soft invalidation', ({ cache }: Member) => cache.invalidate('k', { soft: '30s' })],
    ['update', ({ cache }: Member) => cache.update('k', () => 'new')],
    ['replace', ({ cache }: Member) => cache.items.replace('k', 'new')],
    ['beginSet', async ({ cache }: Member) => (await cache.beginSet('k')).store('new')],
    ['forceFresh', ({ cache }: Member) => cache.getOrSet('k', () => 'new', { forceFresh: true })],
    [
      'forceFresh that finds nothing',
      ({ cache }: Member) => cache.getOrSet('k', () => undefined, { forceFresh: true }),
    ],
    [
      'forceFresh of many that finds nothing',
      ({ cache }: Member) =>
        cache.getOrSetMany(
          ['k'],
          (key) => key,
          () => new Map<string, string>(),
          { forceFresh: true },
        ),
    ],
  ])('notices %s at once where it was done, and in time elsewhere', async (_name, change) => {
    const fleet = new Fleet();
    const [one, two] = [fleet.start(NEAR), fleet.start(NEAR)];
    await warm(fleet, one, 'k');
    await warm(fleet, two, 'k');
    expect([one.cache.near?.items, two.cache.near?.items]).toEqual([1, 1]);
    await fleet.until<unknown>(change(one));
    const serves = async ({ cache }: Member): Promise<string> =>
      fleet.until(cache.getOrSet('k', () => 'new', { serveStale: false }));
    expect(await serves(one)).toBe('new');
    await fleet.pass(501);
    expect(await serves(two)).toBe('new');
  });

  it('notices an invalidation of a tag', async () => {
    const fleet = new Fleet();
    const [one, two] = [fleet.start(NEAR), fleet.start(NEAR)];
    const read = ({ cache }: Member, value: string): Promise<string> =>
      fleet.until(cache.getOrSet('k', () => value, { tags: ['t'] }));
    for (let passed = 0; passed < SETTLED_MS + 1000; passed += 100) {
      await read(one, 'old');
      await read(two, 'old');
      await fleet.pass(100);
    }
    const before = readsOf(two, 'k');
    expect(await read(two, 'old')).toBe('old');
    expect(readsOf(two, 'k')).toBe(before);
    await fleet.until(one.cache.invalidateTags('t'));
    expect(await read(one, 'new')).toBe('new');
    await fleet.pass(501);
    expect(await read(two, 'new')).toBe('new');
  });

  it('does not keep what was being read when it changed', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'k', 'other');
    await fleet.until(member.cache.invalidate('k'));
    await fleet.until(member.cache.getOrSet('k', () => 'value'));
    let arrived: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (arrived = resolve));
    member.store.after = (operation, key) => (operation === 'read' && key === 'k' ? held : undefined);
    const reading = member.cache.getOrSet('k', () => 'value');
    await fleet.pass(10);
    member.store.after = undefined;
    await fleet.until(member.cache.invalidate('k'));
    arrived();
    expect(await fleet.until(reading)).toBe('value');
    expect(await fleet.until(member.cache.getOrSet('k', () => 'new'))).toBe('new');
  });

  it('keeps a value no longer than its ttl, however late its answer is taken', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'other', 'k');
    const policy = { ttl: '20s' } as const;
    await fleet.until(member.cache.set('k', 'old', policy));
    const endsAt = fleet.clock.now() + 20_000;
    const read = (): Promise<string> => member.cache.getOrSet('k', () => 'new', policy);
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 100) {
        void member.cache.getOrSet('other', () => 'other');
        await fleet.pass(100);
      }
    };
    await pass(9000);
    await fleet.until(read());
    member.store.after = (operation, key) =>
      operation === 'read' && key === 'k'
        ? new Promise((resolve) => void fleet.clock.after(5000, resolve))
        : undefined;
    const reading = read();
    await pass(5000);
    expect(await reading).toBe('old');
    member.store.after = undefined;
    let lastOld = 0;
    while (fleet.clock.now() < endsAt + 5000) {
      const at = fleet.clock.now();
      if ((await fleet.until(read())) === 'old') lastOld = at;
      await fleet.pass(50);
    }
    expect(lastOld - endsAt).toBeLessThanOrEqual(500);
  });

  it('asks for nothing while nothing is read', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'k');
    await fleet.pass(1000);
    const polls = member.cache.near?.polls;
    await fleet.pass(60_000);
    expect(member.cache.near?.polls).toBe(polls);
    expect(fleet.clock.pending).toBe(0);
  });

  it('is none while the server cannot be asked', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'k');
    member.store.breakDown();
    await fleet.pass(501);
    expect(await fleet.until(member.cache.getOrSet('k', () => 'loaded'))).toBe('loaded');
    member.store.mend();
    await warm(fleet, member, 'k');
    const before = readsOf(member, 'k');
    expect(await fleet.until(member.cache.getOrSet('k', () => 'another'))).toBe('value of k');
    expect(readsOf(member, 'k')).toBe(before);
  });

  it('serves nothing that was kept before the server has lost what it held', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'k');
    fleet.server.restart();
    await fleet.pass(501);
    expect(await fleet.until(member.cache.getOrSet('k', () => 'loaded'))).toBe('loaded');
  });

  it('gives each an object of his own, and one for all with share: same', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    const read = (share?: 'same'): Promise<{ n: number }> =>
      fleet.until(member.cache.getOrSet('k', () => ({ n: 1 }), share && { share }));
    for (let passed = 0; passed < SETTLED_MS + 500; passed += 100) {
      await read();
      await fleet.pass(100);
    }
    (await read()).n = 2;
    expect(await read()).toEqual({ n: 1 });
    for (let passed = 0; passed < 1000; passed += 100) {
      await read('same');
      await fleet.pass(100);
    }
    expect(await read('same')).toBe(await read('same'));
  });

  it('is left alone by a policy that says so', async () => {
    const fleet = new Fleet();
    const member = fleet.start(NEAR);
    await warm(fleet, member, 'k');
    const before = readsOf(member, 'k');
    await fleet.until(member.cache.getOrSet('k', () => 'value', { near: false }));
    expect(readsOf(member, 'k')).toBe(before + 1);
  });

  it('ends with the ttl of what it keeps', async () => {
    const fleet = new Fleet();
    const member = fleet.start({ ...NEAR, ttl: '5s', near: { maxAge: 500 } });
    await warm(fleet, member, 'other');
    const read = (value: string): Promise<string> => fleet.until(member.cache.getOrSet('k', () => value));
    await read('first');
    const until = fleet.clock.now() + 5000;
    while (fleet.clock.now() < until - 1000) {
      expect(await read('second')).toBe('first');
      await fleet.pass(50);
    }
    expect(member.cache.near?.items).toBe(2);
    await fleet.pass(until - fleet.clock.now());
    expect(await read('second')).toBe('second');
  });

  it('asks whether a large value has changed, and reads it only if it has', async () => {
    const fleet = new Fleet();
    const [member, writer] = [fleet.start(NEAR), fleet.start(NEAR)];
    // Keys of one epoch: the same characters.
    await warm(fleet, member, 'large1', 'large2');
    const neighbour = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const before = readsOf(member, 'large1');
    await fleet.until(Promise.all(neighbour.map((key) => writer.cache.invalidate(key))));
    await fleet.pass(501);
    for (let read = 0; read < 8; read += 1) {
      expect(await fleet.until(member.cache.getOrSet('large1', () => 'another'))).toBe('value of large1');
      await fleet.pass(100);
    }
    expect(readsOf(member, 'large1')).toBe(before);
    expect(member.store.log.filter((line) => line === 'recheck large1').length).toBeGreaterThan(0);
    await fleet.until(writer.cache.set('large1', 'new'));
    await fleet.pass(501);
    expect(await fleet.until(member.cache.getOrSet('large1', () => 'another'))).toBe('new');
    await fleet.until(writer.cache.invalidate('large1', { soft: '30s' }));
    await fleet.pass(501);
    const refreshed = member.cache.getOrSet('large1', () => 'newer', { serveStale: false });
    expect(await fleet.until(refreshed)).toBe('newer');
  });
});
