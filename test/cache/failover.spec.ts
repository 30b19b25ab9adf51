import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { InvalidArgumentError } from '../../lib/errors.js';
import type { Failover } from '../../lib/options/client-options.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

type Protocol = 'meta' | 'classic';

const MODES = (['error', 'miss', 'next'] as const).flatMap((failover) =>
  (['meta', 'classic'] as const).map((protocol) => [failover, protocol] as const),
);

/** What a scene plays in: a cache on two servers, one of which goes away. */
interface Stage {
  readonly failover: Failover;
  readonly protocol: Protocol;
  readonly cache: CacheEngine;
  readonly store: ClientStore;
  /** A name of this scene's whose item, under a prefix, is on the server that goes. */
  goes(prefix?: string): string;
  /** The same on the server that stays. */
  stays(prefix?: string): string;
}

/** Plays until its first `yield` before the server is away, until the second meanwhile, and then once it is back. */
type Scene = (stage: Stage) => AsyncGenerator<void, void>;

/** What a call has come to. */
type Outcome = { readonly value: unknown } | { readonly rejects: string };

/** One for every failover, or one for each. */
type ByFailover = Outcome | Readonly<Record<Failover, Outcome>>;

const REJECTS: Outcome = { rejects: 'MEMCACHED_CONNECTION' };
const MISS: Outcome = { value: undefined };
const REJECTS_OR_MISS: ByFailover = { error: REJECTS, miss: MISS, next: MISS };
const REJECTS_OR_STORES: ByFailover = {
  error: REJECTS,
  miss: { value: false },
  next: { value: true },
};
const STORES: ByFailover = { ...REJECTS_OR_STORES, error: { value: false } };

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  return call.then(
    (value) => ({ value }),
    (error: { code?: string }) => ({ rejects: error.code ?? 'without a code' }),
  );
}

function by(failover: Failover, expected: ByFailover): Outcome {
  return 'error' in expected ? expected[failover] : expected;
}

/** A call of a key whose server is away, where 'old' was stored: what it says, and what is there once the server is back. */
interface Call {
  readonly run: (cache: CacheEngine, key: string, stage: Stage) => Promise<unknown>;
  readonly says: ByFailover;
  /** By default the old value. What was written to the server that stands in is told of by that server alone. */
  readonly leaves?: 'nothing' | 'nothing, but with next';
}

const THROW = { onStoreError: 'throw' } as const;

/** The table of the vocabulary, of what has a key. */
const CALLS: Readonly<Record<string, Call>> = {
  get: { run: (cache, key) => cache.get(key), says: MISS },
  'get, stale': { run: (cache, key) => cache.get(key, { stale: true }), says: MISS },
  'get, throw': { run: (cache, key) => cache.get(key, THROW), says: REJECTS_OR_MISS },
  getMany: {
    run: async (cache, key, stage) => [...(await cache.getMany([key, stage.stays()])).values()],
    says: { value: ['there'] },
  },
  'getMany, throw': {
    run: async (cache, key, stage) => [...(await cache.getMany([key, stage.stays()], THROW)).values()],
    says: { error: REJECTS, miss: { value: ['there'] }, next: { value: ['there'] } },
  },
  set: {
    run: (cache, key) => cache.set(key, 'new'),
    says: STORES,
    leaves: 'nothing, but with next',
  },
  'set, throw': {
    run: (cache, key) => cache.set(key, 'new', THROW),
    says: REJECTS_OR_STORES,
    leaves: 'nothing, but with next',
  },
  'set, unguarded': {
    run: (cache, key) => cache.set(key, 'new', { guardSet: false }),
    says: STORES,
    leaves: 'nothing, but with next',
  },
  setMany: {
    run: async (cache, key, stage) => [
      ...(await cache.setMany({ [key]: 'new', [stage.stays()]: 'new' })).values(),
    ],
    says: { error: { value: [false, true] }, miss: { value: [false, true] }, next: { value: [true, true] } },
    leaves: 'nothing, but with next',
  },
  delete: { run: (cache, key) => cache.delete(key), says: { value: false }, leaves: 'nothing' },
  deleteMany: {
    run: async (cache, key, stage) => [...(await cache.deleteMany([key, stage.stays()])).values()],
    says: { value: [false, true] },
    leaves: 'nothing',
  },
  invalidate: { run: (cache, key) => cache.invalidate(key), says: MISS, leaves: 'nothing' },
  'invalidate, soft': {
    run: (cache, key) => cache.invalidate(key, { soft: '30s' }),
    says: MISS,
    leaves: 'nothing',
  },
  'beginSet and store': {
    run: async (cache, key) => (await cache.beginSet(key)).store('new'),
    says: STORES,
    leaves: 'nothing, but with next',
  },
  add: { run: (cache, key) => cache.items.add(key, 'new'), says: REJECTS },
  replace: { run: (cache, key) => cache.items.replace(key, 'new'), says: REJECTS },
  append: { run: (cache, key) => cache.items.extend('append', key, 'er'), says: REJECTS },
  prepend: { run: (cache, key) => cache.items.extend('prepend', key, 'c'), says: REJECTS },
  touch: { run: (cache, key) => cache.items.touch(key, '1h'), says: REJECTS },
  update: { run: (cache, key) => cache.update(key, () => 'new', { initial: '' }), says: REJECTS },
  gets: { run: (cache, key) => cache.items.gets(key), says: REJECTS_OR_MISS },
  incr: { run: (_, key, { store }) => store.count('incr', key, 1, undefined), says: REJECTS_OR_MISS },
};

function sceneOf({ run, says, leaves }: Call): Scene {
  return async function* ({ cache, failover, goes, stays, ...stage }) {
    await cache.set(goes(), 'old', { ttl: '1h' });
    await cache.set(stays(), 'there', { ttl: '1h' });
    yield;
    const said = await outcomeOf(run(cache, goes(), { cache, failover, goes, stays, ...stage }));
    expect(said).toEqual(by(failover, says));
    yield;
    if (leaves === undefined) await expect(cache.get(goes())).resolves.toBe('old');
    else if (leaves === 'nothing' || failover !== 'next') {
      await expect(cache.get(goes())).resolves.toBeUndefined();
    }
  };
}

/** What takes more than one call, or another one's outcome. */
const SCENES: Readonly<Record<string, Scene>> = {
  async *'computes what it cannot read'({ cache, goes }) {
    const load = jest.fn(() => 'loaded');
    await cache.set(goes(), 'old', { ttl: '1h' });
    yield;
    await expect(cache.getOrSet(goes(), load)).resolves.toBe('loaded');
    expect(load).toHaveBeenCalledTimes(1);
    yield;
  },
  async *'computes of many what it cannot read, and reads the others'({ cache, goes, stays }) {
    const load = jest.fn((ids: readonly string[]) => new Map(ids.map((id) => [id, 'loaded'])));
    await cache.set(goes(), 'old', { ttl: '1h' });
    await cache.set(stays(), 'there', { ttl: '1h' });
    yield;
    const found = await cache.getOrSetMany([goes(), stays()], (id) => id, load);
    expect([...found.values()]).toEqual(['loaded', 'there']);
    expect(load.mock.calls.map(([ids]) => ids)).toEqual([[goes()]]);
    yield;
  },
  async *'has nothing of what was computed before an invalidation'({ cache, goes }) {
    const read = (value: string): Promise<string> => cache.getOrSet(goes(), () => value);
    await read('old');
    yield;
    await read('between');
    await cache.invalidate(goes());
    await expect(read('new')).resolves.toBe('new');
    yield;
    await expect(read('newer')).resolves.toBe('newer');
  },
  async *'stores nothing in a place that was taken down before, and leaves nothing there'({ cache, goes }) {
    await cache.set(goes(), 'old', { ttl: '1h' });
    const place = await cache.beginSet(goes());
    yield;
    await expect(place.store('new')).resolves.toBe(false);
    yield;
    await expect(cache.get(goes())).resolves.toBeUndefined();
  },
  async *'says that it stores nothing in such a place, where that is wanted'({ cache, failover, goes }) {
    await cache.set(goes(), 'old', { ttl: '1h' });
    const place = await cache.beginSet(goes(), THROW);
    yield;
    const none = { value: false };
    expect(await outcomeOf(place.store('new'))).toEqual(
      by(failover, { error: REJECTS, miss: none, next: none }),
    );
    yield;
    await expect(cache.get(goes())).resolves.toBeUndefined();
  },
  async *'stores nothing afterwards in a place that was taken down meanwhile, and leaves nothing there'({
    cache,
    goes,
  }) {
    await cache.set(goes(), 'old', { ttl: '1h' });
    yield;
    const place = await cache.beginSet(goes());
    yield;
    await expect(place.store('new')).resolves.toBe(false);
    await expect(cache.get(goes())).resolves.toBeUndefined();
  },
  async *'takes a cas of it for none, and the token for what it is afterwards'({
    cache,
    failover,
    goes,
    protocol,
  }) {
    const { items } = cache;
    await cache.set(goes(), 'old', { ttl: '1h' });
    const { cas } = (await items.gets(goes()))!;
    yield;
    const none = { value: expect.stringMatching(/^(?:exists|not-found)$/) };
    const said = await outcomeOf(items.cas(goes(), 'new', cas));
    expect(said).toEqual(by(failover, { error: REJECTS, miss: none, next: none }));
    yield;
    await expect(cache.get(goes())).resolves.toBe('old');
    // In the classic dialect a token may be void once the connection was lost.
    const outcome = await items.cas(goes(), 'new', cas);
    expect(outcome).toMatch(protocol === 'meta' ? /^stored$/ : /^(?:stored|exists)$/);
    await expect(cache.get(goes())).resolves.toBe(outcome === 'stored' ? 'new' : 'old');
  },
  async *'stores nothing by a token of what was invalidated meanwhile'({ cache, goes }) {
    await cache.set(goes(), 'old', { ttl: '1h' });
    const { cas } = (await cache.items.gets(goes()))!;
    yield;
    await cache.invalidate(goes());
    yield;
    await expect(cache.items.cas(goes(), 'new', cas)).resolves.not.toBe('stored');
    await expect(cache.get(goes())).resolves.toBeUndefined();
  },
  async *'adds nothing to it, and does so afterwards'({ cache, goes }) {
    yield;
    await expect(outcomeOf(cache.items.add(goes(), 'new'))).resolves.toEqual(REJECTS);
    yield;
    await expect(cache.items.add(goes(), 'newer')).resolves.toBe(true);
    await expect(cache.get(goes())).resolves.toBe('newer');
  },
  async *'serves no stale value of it meanwhile, and does so again'({ cache, goes, protocol }) {
    const policy = { ttl: '1h', grace: '1h', serveStale: false } as const;
    const fails = (): Promise<Outcome> =>
      outcomeOf(cache.getOrSet(goes(), () => Promise.reject(new InvalidArgumentError('loader')), policy));
    await cache.set(goes(), 'old', policy);
    await cache.invalidate(goes(), { soft: '1h' });
    const old = protocol === 'meta' ? { value: 'old' } : { rejects: 'MEMCACHED_INVALID_ARGUMENT' };
    await expect(fails()).resolves.toEqual(old);
    yield;
    await expect(fails()).resolves.toEqual({ rejects: 'MEMCACHED_INVALID_ARGUMENT' });
    yield;
    await expect(fails()).resolves.toEqual(old);
  },
  async *'serves no stale value whose tag cannot be read'({ cache, goes, stays, protocol }) {
    const policy = { ttl: '1h', grace: '1h', tags: [goes('~tag:')] } as const;
    await cache.set(stays(), 'old', policy);
    await cache.invalidate(stays(), { soft: '1h' });
    const stale = cache.get(stays(), { ...policy, stale: true });
    await expect(stale).resolves.toBe(protocol === 'meta' ? 'old' : undefined);
    yield;
    await expect(cache.get(stays(), { ...policy, stale: true })).resolves.toBeUndefined();
    yield;
    await expect(cache.get(stays(), policy)).resolves.toBeUndefined();
  },
  async *'owes it a soft invalidation as that: the old value is a stale one afterwards'({
    cache,
    goes,
    protocol,
  }) {
    await cache.set(goes(), 'old', { ttl: '1h' });
    yield;
    await cache.invalidate(goes(), { soft: '30s' });
    await expect(cache.get(goes(), { stale: true })).resolves.toBeUndefined();
    yield;
    await expect(cache.get(goes(), { stale: true })).resolves.toBe(protocol === 'meta' ? 'old' : undefined);
  },
  async *'owes it the invalidation of a tag: the old value is none afterwards'({ cache, goes, stays }) {
    const tags = [goes('~tag:')];
    await cache.set(stays(), 'old', { tags });
    yield;
    await cache.invalidateTags(...tags);
    yield;
    await expect(cache.get(stays(), { tags, stale: true })).resolves.toBeUndefined();
    await expect(cache.getOrSet(stays(), () => 'new', { tags })).resolves.toBe('new');
  },
  async *'owes it a soft invalidation of a tag as one for good'({ cache, goes, stays }) {
    const tags = [goes('~tag:')];
    await cache.set(stays(), 'old', { tags, grace: '1h' });
    yield;
    await cache.invalidateTags(...tags, { soft: '30s' });
    yield;
    await expect(cache.get(stays(), { tags, stale: true })).resolves.toBeUndefined();
    await expect(cache.getOrSet(stays(), () => 'new', { tags })).resolves.toBe('new');
  },
  async *'has what bears a tag of another server invalidated by that: the old value is none afterwards'({
    cache,
    goes,
    stays,
  }) {
    const tags = [stays('~tag:')];
    await cache.set(goes(), 'old', { tags });
    yield;
    await cache.invalidateTags(...tags);
    yield;
    await expect(cache.get(goes(), { tags, stale: true })).resolves.toBeUndefined();
  },
  async *'stores no value whose tag cannot be read, and leaves no older one'({ cache, goes, stays }) {
    const tags = [goes('~tag:')];
    await cache.set(stays(), 'old', { tags });
    yield;
    await cache.set(stays(), 'new', { tags });
    yield;
    await expect(cache.get(stays())).resolves.not.toBe('old');
  },
  async *'refuses locks and updates of it, whose truth no other server knows'({ cache, goes }) {
    const work = jest.fn(() => 1);
    await cache.update(goes(), (n) => n + 1, { initial: 41, ttl: 'never' });
    yield;
    const lock = cache.withLock(goes('~lock:'), { ttl: '5s' }, work);
    await expect(outcomeOf(lock)).resolves.toEqual(REJECTS);
    await expect(outcomeOf(cache.update(goes(), work, { initial: 0 }))).resolves.toEqual(REJECTS);
    expect(work).not.toHaveBeenCalled();
    yield;
    await expect(cache.update(goes(), (n) => n + 1, { initial: 0 })).resolves.toBe(43);
  },
  async *'looks at nothing of it'({ failover, goes, protocol, store }) {
    yield;
    const none = protocol === 'meta' ? { value: { hit: false } } : { rejects: 'MEMCACHED_UNSUPPORTED' };
    const said = await outcomeOf(store.lookup(goes()));
    expect(said).toEqual(by(failover, { error: REJECTS, miss: { value: { hit: false } }, next: none }));
    yield;
  },
  async *'counts nothing meanwhile, and goes on where it was'({ failover, goes, store }) {
    const incr = (): Promise<Outcome> => outcomeOf(store.count('incr', goes(), 1, undefined));
    await store.count('incr', goes(), 1, { initial: 41 });
    yield;
    await expect(incr()).resolves.toEqual(by(failover, REJECTS_OR_MISS));
    yield;
    await expect(incr()).resolves.toEqual({ value: 42 });
  },
};

const ALL: Readonly<Record<string, Scene>> = {
  ...Object.fromEntries(
    Object.entries(CALLS).map(([call, row]) => [`does by ${call} what the vocabulary says`, sceneOf(row)]),
  ),
  ...SCENES,
};

describeReal('a cache one of whose servers is away', () => {
  describe.each(MODES)('failover %s, %s dialect', (failover, protocol) => {
    const failures = new Map<string, unknown>();
    let stays: RealMemcached;
    let goes: RealMemcached;
    let client: MemcachedClient;
    let cache: CacheEngine;

    // One outage for all.
    beforeAll(async () => {
      stays = await startMemcached();
      goes = await startMemcached();
      const servers = [stays.address, goes.address];
      client = new MemcachedClient({ servers, failover, protocol, failuresToDown: 1, commandTimeout: '1s' });
      const store = new ClientStore(client);
      cache = new CacheEngine(store, { lease: '2s' });
      const plays = Object.entries(ALL).map(([title, scene], index) => {
        const name = `scene${index}-`;
        const play = scene({
          failover,
          protocol,
          cache,
          store,
          goes: (prefix = '') => nameOn(goes, prefix, name),
          stays: (prefix = '') => nameOn(stays, prefix, name),
        });
        return () => play.next().catch((error: unknown) => failures.set(title, error));
      });
      const goOn = async (): Promise<void> => {
        for (const play of plays) await play();
      };
      await goOn();
      await takeAway();
      await goOn();
      await bringBack();
      await goOn();
    });
    afterAll(async () => {
      await cache.close();
      await client.close();
      await Promise.all([stays.stop(), goes.stop()]);
    });

    /** A name whose item, under a prefix, is on a server. */
    function nameOn(server: RealMemcached, prefix: string, name: string): string {
      for (let n = 0; ; n += 1)
        if (client.serverFor(`${prefix}${name}${n}`) === server.address) return name + n;
    }

    /** Stops a server where it stands, and waits until the client knows. */
    async function takeAway(): Promise<void> {
      const known = away(true);
      await goes.pause();
      await client.get(nameOn(goes, '', 'known')).catch(() => undefined);
      await known;
    }

    async function bringBack(): Promise<void> {
      const known = away(false);
      goes.kill('SIGCONT');
      await known;
    }

    async function away(wanted: boolean): Promise<void> {
      for (;;) {
        const node = client.topology().find(({ server }) => server === goes.address);
        if ((node?.state !== 'up') === wanted) return;
        await new Promise((resolve) => client.once('node', resolve));
      }
    }

    // oxlint-disable-next-line jest/expect-expect -- a scene has expected what it does
    it.each(Object.keys(ALL))('%s', (title) => {
      if (failures.has(title)) throw failures.get(title);
    });

    it('means one item by a key with blanks, whatever the dialect', async () => {
      const other = new MemcachedClient({
        servers: [stays.address, goes.address],
        protocol: protocol === 'meta' ? 'classic' : 'meta',
      });
      const theirs = new CacheEngine(new ClientStore(other));
      await cache.getOrSet('a key', () => 'old');
      await theirs.invalidate('a key');
      await expect(cache.getOrSet('a key', () => 'new')).resolves.toBe('new');
      await other.close();
    });
  });
});
