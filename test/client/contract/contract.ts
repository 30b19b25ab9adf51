import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../../lib/client/client.js';
import type { Codec } from '../../../lib/client/codec/codec.js';
import type { MemcachedClientOptions } from '../../../lib/options/client-options.js';

/** Where the contract is run: something to start, and how a client reaches it. */
export interface Setup {
  /** Starts what is needed; resolves with the options that reach it. */
  start(): Promise<MemcachedClientOptions>;
  stop(): Promise<void>;
  /** What this set-up cannot do, for reasons of its own (a proxy knows no `stats`). */
  readonly lacks?: readonly ('meta' | 'server-commands')[];
  /** How many requests are sent at once where many are. @default 5000 */
  readonly manyRequests?: number;
}

/** Everything the client promises, on one set-up. The same tests run on every kind of server and transport. */
export function contract(setup: Setup): void {
  const has = (feature: NonNullable<Setup['lacks']>[number]): boolean =>
    setup.lacks?.includes(feature) !== true;
  let options: MemcachedClientOptions;
  let client: MemcachedClient;
  let keys = 0;
  /** A key no other test has. */
  const fresh = (): string => `key:${(keys += 1)}`;

  beforeAll(async () => {
    options = await setup.start();
  });
  afterAll(() => setup.stop());
  beforeEach(() => {
    client = new MemcachedClient({
      commandTimeout: '10s',
      connectTimeout: '10s',
      keyPrefix: `${process.pid}:${keys}:`,
      ...options,
    });
  });
  afterEach(() => client.close());

  describe('storing and reading', () => {
    it.each([
      ['text', 'hello, 键'],
      ['empty text', ''],
      ['a whole number', 42],
      ['a negative number', -7],
      ['a fraction', 3.5],
      ['true', true],
      ['false', false],
      ['null', null],
      ['a bigint', 2n ** 70n],
      ['an object', { name: 'Ada', tags: ['a', 'b'], nested: { deep: null } }],
      ['an array', [1, 'two', { three: 3 }]],
    ])('gives %s back as it was', async (_name, value) => {
      const key = fresh();
      expect(await client.set(key, value)).toBe(true);
      expect(await client.get(key)).toStrictEqual(value);
    });

    it('gives bytes back as they were, line ends and protocol words among them', async () => {
      const key = fresh();
      const bytes = Buffer.concat([
        Buffer.from('END\r\nVALUE admin 0 1\r\nx\r\nVA 3\r\n'),
        Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      ]);
      await client.set(key, bytes);
      expect(await client.get(key)).toStrictEqual(bytes);
    });

    it('misses with undefined', async () => {
      expect(await client.get(fresh())).toBeUndefined();
      expect(await client.gets(fresh())).toBeUndefined();
    });

    it('tells a stored null from a miss', async () => {
      const key = fresh();
      await client.set(key, null);
      expect(await client.get(key)).toBeNull();
    });

    it('adds only where nothing is', async () => {
      const key = fresh();
      expect(await client.add(key, 'first')).toBe(true);
      expect(await client.add(key, 'second')).toBe(false);
      expect(await client.get(key)).toBe('first');
    });

    it('replaces only where something is', async () => {
      const key = fresh();
      expect(await client.replace(key, 'x')).toBe(false);
      await client.set(key, 'old');
      expect(await client.replace(key, 'new')).toBe(true);
      expect(await client.get(key)).toBe('new');
    });

    it('appends and prepends to what is there', async () => {
      const key = fresh();
      expect(await client.append(key, 'x')).toBe(false);
      expect(await client.prepend(key, 'x')).toBe(false);
      await client.set(key, 'b');
      expect(await client.append(key, 'c')).toBe(true);
      expect(await client.prepend(key, 'a')).toBe(true);
      expect(await client.get(key)).toBe('abc');
    });

    it('deletes, and says whether there was something', async () => {
      const key = fresh();
      expect(await client.delete(key)).toBe(false);
      await client.set(key, 1);
      expect(await client.delete(key)).toBe(true);
      expect(await client.get(key)).toBeUndefined();
    });

    it('carries values of every size around the lengths where buffers change', async () => {
      for (const size of [1, 4095, 4096, 4097, 16_383, 65_535, 65_536, 65_537, 300_000]) {
        const value = Buffer.alloc(size, 'x');
        value.writeUInt8(size & 255, size - 1);
        const key = fresh();
        await client.set(key, value);
        expect(((await client.get<Buffer>(key)) as Buffer).equals(value)).toBe(true);
      }
    });
  });

  describe('ttl', () => {
    it('takes milliseconds and texts with a unit, beyond 30 days too', async () => {
      for (const ttl of [1000, '5m', '30d', '31d', '400d'] as const) {
        const key = fresh();
        await client.set(key, 'kept', { ttl });
        expect(await client.get(key)).toBe('kept');
      }
    });

    it('refuses less than a second, and says what was likely meant', async () => {
      await expect(client.set(fresh(), 1, { ttl: 60 })).rejects.toThrow("did you mean '60s'?");
    });

    it('touches what is there', async () => {
      const key = fresh();
      expect(await client.touch(key, '1m')).toBe(false);
      await client.set(key, 1, { ttl: '5s' });
      expect(await client.touch(key, '1h')).toBe(true);
      if (has('meta')) expect(await client.lookup(key)).toMatchObject({ hit: true, ttl: expect.any(Number) });
    });

    it("lets an item live for ever that is touched or stored with 'never'", async () => {
      const key = fresh();
      await client.set(key, 1, { ttl: '1h' });
      expect(await client.touch(key, 'never')).toBe(true);
      expect(await client.getAndTouch(key, 'never')).toBe(1);
      if (has('meta')) expect(await client.lookup(key)).toMatchObject({ ttl: undefined });
      await client.set(key, 2, { ttl: 'never' });
      if (has('meta')) expect(await client.lookup(key)).toMatchObject({ ttl: undefined });
      await expect(client.touch(key, 'ever' as never)).rejects.toThrow(/^ttl: expected/);
    });

    it('reads and touches', async () => {
      const key = fresh();
      expect(await client.getAndTouch(key, '1m')).toBeUndefined();
      await client.set(key, { a: 1 }, { ttl: '5s' });
      expect(await client.getAndTouch(key, '1h')).toStrictEqual({ a: 1 });
      if (has('meta')) expect(await client.lookup(key)).toMatchObject({ hit: true, ttl: expect.any(Number) });
    });
  });

  describe('cas', () => {
    it('stores when nothing has changed, and not when something has', async () => {
      const key = fresh();
      await client.set(key, 900);
      const mine = (await client.gets<number>(key))!;
      const theirs = (await client.gets<number>(key))!;
      expect(mine).toStrictEqual({ value: 900, cas: theirs.cas });
      expect(await client.cas(key, 899, mine.cas)).toBe('stored');
      expect(await client.cas(key, 899, theirs.cas)).toBe('exists');
      expect(await client.get(key)).toBe(899);
    });

    it('does not bring back what is gone', async () => {
      const key = fresh();
      await client.set(key, 1);
      const { cas } = (await client.gets(key))!;
      await client.delete(key);
      expect(await client.cas(key, 2, cas)).toBe('not-found');
      expect(await client.get(key)).toBeUndefined();
    });

    it.each(['', 'x', '12 \r\n', 7 as unknown as string])('refuses %j as a token', async (token) => {
      await expect(client.cas(fresh(), 1, token)).rejects.toThrow(/token of an earlier read/);
    });
  });

  describe('counters', () => {
    it('counts up and down, stops at 0, and stays readable', async () => {
      const key = fresh();
      await client.set(key, 100);
      expect(await client.incr(key)).toBe(101);
      expect(await client.incr(key, 9)).toBe(110);
      expect(await client.decr(key, 11)).toBe(99);
      expect(await client.get(key)).toBe(99);
      expect(await client.decr(key, 1000)).toBe(0);
    });

    it('counts and tells the time left', async () => {
      const key = fresh();
      expect(await client.count(key)).toBeUndefined();
      const options = { initial: 5, ttl: '1m' } as const;
      expect(await client.count(key, options)).toEqual({ value: 5, ttl: 60_000 });
      const again = await client.count(key, { ...options, by: 2 });
      expect(again?.value).toBe(7);
      if (has('meta')) expect([59_000, 60_000]).toContain(again?.ttl);
      else expect(again?.ttl).toBeUndefined();
      expect(await client.incr(key)).toBe(8);
      expect((await client.count(key, { by: 0 }))?.value).toBe(8);
      expect(await client.count(fresh(), { initial: 1, ttl: 'never' })).toEqual({ value: 1, ttl: undefined });
      await expect(client.count(key, { by: -1 })).rejects.toMatchObject({
        code: 'MEMCACHED_INVALID_ARGUMENT',
      });
    });

    it.each(['raw', 'json', 'memjs', 'php', 'python', 'v8'] as const)(
      'create one with the codec %s',
      async (codec) => {
        await using other = new MemcachedClient({ ...options, codec });
        const [key, large] = [fresh(), fresh()];
        expect(await other.incr(key, 1, { initial: 7 })).toBe(7);
        expect(await other.incr(key)).toBe(8);
        expect(await other.incr(large, 1n, { initial: 2n ** 63n })).toBe(2n ** 63n);
        expect(await other.incr(large, 1n)).toBe(2n ** 63n + 1n);
      },
    );

    it('misses where there is no counter', async () => {
      expect(await client.incr(fresh())).toBeUndefined();
      expect(await client.decr(fresh())).toBeUndefined();
    });

    it('creates a counter that has an initial value', async () => {
      const key = fresh();
      expect(await client.incr(key, 5, { initial: 10, ttl: '1h' })).toBe(10);
      expect(await client.incr(key, 5, { initial: 10 })).toBe(15);
      expect(await client.get(key)).toBe(15);
    });

    it('counts to 2^64 - 1 in bigints', async () => {
      const key = fresh();
      await client.set(key, 2n ** 64n - 2n);
      expect(await client.incr(key, 1n)).toBe(2n ** 64n - 1n);
    });

    it('says so when a number would lose digits', async () => {
      const key = fresh();
      await client.set(key, 2n ** 60n);
      await expect(client.incr(key)).rejects.toMatchObject({ code: 'MEMCACHED_CODEC' });
    });

    it('refuses to count what is no number', async () => {
      const key = fresh();
      await client.set(key, 'abc');
      await expect(client.incr(key)).rejects.toMatchObject({ code: 'MEMCACHED_SERVER' });
      expect(await client.get(key)).toBe('abc');
    });

    it.each([-1, 1.5, Number.NaN, -1n, 2n ** 64n, '1' as unknown as number])(
      'refuses %p as an amount',
      async (by) => {
        await expect(client.incr(fresh(), by as number)).rejects.toMatchObject({
          code: 'MEMCACHED_INVALID_ARGUMENT',
        });
      },
    );
  });

  describe('many keys', () => {
    it('writes, reads and deletes many', async () => {
      const names = Array.from({ length: 1200 }, () => fresh());
      const stored = await client.setMany(names.map((name, index) => [name, index]));
      expect(stored.failures).toStrictEqual([]);
      expect([...stored.values()].every(Boolean)).toBe(true);
      const read = await client.getMany([...names, 'missing']);
      expect(new Map(read)).toStrictEqual(new Map(names.map((name, index) => [name, index])));
      const deleted = await client.deleteMany([...names, 'missing']);
      expect(deleted.get(names[7])).toBe(true);
      expect(deleted.get('missing')).toBe(false);
      expect((await client.getMany(names)).size).toBe(0);
    });

    it('reads the tokens of many', async () => {
      const [a, b] = [fresh(), fresh()];
      await client.setMany({ [a]: 'A', [b]: 'B' });
      const read = await client.getsMany<string>([a, b, a]);
      expect(read.get(a)!.value).toBe('A');
      expect(await client.cas(b, 'B2', read.get(b)!.cas)).toBe('stored');
    });

    it('keeps names apart that JavaScript knows', async () => {
      const names = ['constructor', '__proto__', 'toString', 'a$b', 'a$&b'];
      await client.setMany(names.map((name) => [name, name]));
      expect(new Map(await client.getMany(names))).toStrictEqual(new Map(names.map((name) => [name, name])));
    });

    it('answers nothing for no keys', async () => {
      const nothing = await client.getMany([]);
      expect([nothing.size, nothing.failures]).toEqual([0, []]);
      expect((await client.setMany([])).size).toBe(0);
      expect((await client.deleteMany([])).size).toBe(0);
    });
  });

  describe('keys', () => {
    it('takes text beyond ASCII', async () => {
      await client.set('键:é', 'ok');
      expect(await client.get('键:é')).toBe('ok');
      expect((await client.getMany(['键:é'])).get('键:é')).toBe('ok');
    });

    it('keeps long keys apart from each other and from their short forms', async () => {
      const long = 'k'.repeat(400);
      await client.set(long, 1);
      await client.set(`${long}!`, 2);
      expect(await client.get(long)).toBe(1);
      expect((await client.getMany([long, `${long}!`])).size).toBe(2);
    });

    it('takes blanks, control characters and line ends without sending a command', async () => {
      const names = ['a b', 'a\r\nflush_all', 'tab\t', 'nul\0', 'a\u007f'];
      await client.setMany(names.map((name) => [name, name]));
      expect(new Map(await client.getMany(names))).toStrictEqual(new Map(names.map((name) => [name, name])));
      expect(await client.delete('a b')).toBe(true);
    });

    it.each([
      ['an empty key', ''],
      ['half of a surrogate pair', 'a\ud800'],
      ['no string', 5 as unknown as string],
      ['null', null as unknown as string],
    ])('refuses %s before anything is sent', async (_name, key) => {
      const invalid = { code: 'MEMCACHED_INVALID_ARGUMENT' };
      await expect(client.get(key)).rejects.toMatchObject(invalid);
      await expect(client.set(key, 1)).rejects.toMatchObject(invalid);
      await expect(client.incr(key)).rejects.toMatchObject(invalid);
      await expect(client.getMany(['fine', key])).rejects.toMatchObject(invalid);
      await expect(
        client.setMany([
          ['fine', 1],
          [key, 1],
        ]),
      ).rejects.toMatchObject(invalid);
      expect(await client.get('fine')).toBeUndefined();
    });

    it('refuses what would need encoding when told to', async () => {
      const strict = new MemcachedClient({ ...options, unsafeKeys: 'refuse' });
      for (const key of ['a b', 'a\n', 'k'.repeat(251)]) {
        await expect(strict.get(key)).rejects.toMatchObject({ code: 'MEMCACHED_INVALID_ARGUMENT' });
      }
      await strict.close();
    });
  });

  describe('limits', () => {
    it('refuses a value above the item limit and goes on', async () => {
      const key = fresh();
      const error = await client.set(key, Buffer.alloc(1024 * 1024)).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'MEMCACHED_VALUE_TOO_LARGE', sizeBytes: 1024 * 1024 });
      expect(await client.set(key, 'small')).toBe(true);
      expect(await client.get(key)).toBe('small');
    });

    it('answers many requests at once, each with its own value', async () => {
      const names = Array.from({ length: setup.manyRequests ?? 5000 }, () => fresh());
      await Promise.all(names.map((name) => client.set(name, name)));
      const values = await Promise.all(names.map((name) => client.get(name)));
      expect(values).toStrictEqual(names);
    });

    it('sends nothing for a signal that was aborted before', async () => {
      const key = fresh();
      await expect(client.set(key, 1, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
      expect(await client.get(key)).toBeUndefined();
    });

    it('refuses to wait no time at all', async () => {
      await expect(client.get(fresh(), { timeout: 0 })).rejects.toMatchObject({
        code: 'MEMCACHED_INVALID_ARGUMENT',
      });
    });

    it('lets a signal give a request up without harming the next one', async () => {
      const key = fresh();
      await client.set(key, 'mine');
      const controller = new AbortController();
      const given = client.get(key, { signal: controller.signal });
      controller.abort(new Error('changed my mind'));
      await expect(given).rejects.toThrow('changed my mind');
      expect(await client.get(key)).toBe('mine');
    });
  });

  if (has('server-commands')) {
    describe('servers', () => {
      it('tells statistics and versions by server', async () => {
        const stats = await client.stats();
        expect(stats.failures).toStrictEqual([]);
        expect([...stats.values()][0]).toMatchObject({
          uptime: expect.any(Number),
          version: expect.any(String),
        });
        const [settings] = (await client.stats('settings')).values();
        expect(settings.item_size_max).toBe(1024 * 1024);
        await client.set(fresh(), 'something');
        const items = [...(await client.stats('items')).values()].flatMap((classes) =>
          Object.values(classes),
        );
        expect(items.every((figures) => typeof figures.number === 'number')).toBe(true);
        const [slabs] = (await client.stats('slabs')).values();
        expect(slabs.total.active_slabs).toEqual(expect.any(Number));
        expect((await client.stats('conns')).failures).toStrictEqual([]);
        expect((await client.stats('sizes')).failures).toStrictEqual([]);
        expect([...(await client.version()).values()][0]).toMatch(/^\d+\.\d+/);
      });

      it('lists the keys it holds, as far as wanted', async () => {
        const names = [
          ...Array.from({ length: 3000 }, () => fresh()),
          'beyond ASCII: 键'.replaceAll(' ', '_'),
          'a%20b',
        ];
        await client.setMany(names.map((name) => [name, 1]));
        const listed = new Set<string>();
        for await (const key of client.keys()) listed.add(key);
        expect(names.filter((name) => !listed.has(name))).toStrictEqual([]);
        const some: string[] = [];
        for await (const key of client.keys({ limit: 7 })) some.push(key);
        expect(some).toHaveLength(7);
      });

      it('refuses a group that could carry a command', async () => {
        await expect(client.stats('items\r\nflush_all' as 'items')).rejects.toThrow(/is no group/);
      });

      it('flushes', async () => {
        const key = fresh();
        await client.set(key, 1);
        expect([...(await client.flushAll()).values()].every(Boolean)).toBe(true);
        expect(await client.get(key)).toBeUndefined();
      });
    });
  }

  describe('leases', () => {
    it('gives the right to compute a missing value to one reader', async () => {
      const key = fresh();
      const first = await client.leaseGet(key, { leaseSeconds: 30 });
      const second = await client.leaseGet(key, { leaseSeconds: 30 });
      expect(first).toMatchObject({ hit: false, value: undefined, won: true, busy: false });
      expect(second).toMatchObject({ hit: false, won: false, busy: true });
      expect(await client.cas(key, 'computed', first.cas)).toBe('stored');
      expect(await client.leaseGet(key, { leaseSeconds: 30 })).toMatchObject({
        hit: true,
        value: 'computed',
        won: false,
      });
    });

    it('is a miss for every reader while nothing is stored, unlike an empty value', async () => {
      const [stub, empty] = [fresh(), fresh()];
      await client.leaseGet(stub, { leaseSeconds: 30 });
      const nothing: Codec = { encode: () => ({ data: '', flags: 0 }), decode: (data) => data.length };
      const options = { codec: nothing };
      await client.set(empty, '', options);
      const { hit, busy } = await client.leaseGet(stub, { leaseSeconds: 30 });
      expect([hit, busy]).toEqual([false, true]);
      expect([await client.get(stub), await client.get(empty, options)]).toEqual([undefined, 0]);
      expect([await client.gets(stub), await client.gets(empty, options)]).toMatchObject([
        undefined,
        { value: 0 },
      ]);
      const values = await client.getMany([stub, empty], options);
      expect([[...values], values.failures]).toEqual([[[empty, 0]], []]);
      const items = await client.getsMany([stub, empty], options);
      expect([[...items.keys()], items.get(empty)?.value]).toEqual([[empty], 0]);
      expect(await client.getAndTouch(stub, '1m')).toBeUndefined();
      expect(await client.getAndTouch(empty, '1m', options)).toBe(0);
    });

    it.each([-1, 1.5, Number.NaN, 1e9, '1'])('is refused for %p seconds', async (leaseSeconds) => {
      const options = { leaseSeconds: leaseSeconds as number };
      await expect(client.leaseGet(fresh(), options)).rejects.toMatchObject({
        code: 'MEMCACHED_INVALID_ARGUMENT',
      });
      const recache = { leaseSeconds: 1, recacheSeconds: leaseSeconds as number };
      await expect(client.leaseGet(fresh(), recache)).rejects.toMatchObject({
        code: 'MEMCACHED_INVALID_ARGUMENT',
      });
    });

    it('gives it to one of many readers at once', async () => {
      const key = fresh();
      const reads = await Promise.all(
        Array.from({ length: 50 }, () => client.leaseGet(key, { leaseSeconds: 30 })),
      );
      expect(reads.filter((read) => read.won)).toHaveLength(1);
      expect(reads.filter((read) => read.busy)).toHaveLength(49);
    });

    it('keeps its time when its key is touched, which finds nothing', async () => {
      const key = fresh();
      await client.leaseGet(key, { leaseSeconds: 30 });
      expect(await client.touch(key, '1h')).toBe(false);
      expect(await client.getAndTouch(key, '1h')).toBeUndefined();
      const { busy, ttl } = await client.leaseGet(key, { leaseSeconds: 30 });
      expect(busy).toBe(true);
      expect(ttl ?? 0).toBeLessThanOrEqual(30_000);
    });

    it('is renewed by its holder, and a value that has come in its place is not', async () => {
      const [stub, value] = [fresh(), fresh()];
      await client.leaseGet(stub, { leaseSeconds: 30 });
      await client.set(value, 1, { ttl: '1h' });
      expect([await client.renewLease(stub, '50s'), await client.renewLease(fresh(), '50s')]).toEqual([
        true,
        false,
      ]);
      if (has('meta')) {
        expect((await client.leaseGet(stub, { leaseSeconds: 30 })).ttl).toBeGreaterThan(30_000);
        expect(await client.renewLease(value, '50s')).toBe(false);
        expect((await client.leaseGet(value, { leaseSeconds: 30 })).ttl).toBeGreaterThan(50_000);
      }
    });

    if (has('meta')) {
      it.each<[string, (key: string) => Promise<unknown>]>([
        ['get', (key) => client.get(key)],
        ['touch', (key) => client.touch(key, '1h')],
        ['getAndTouch', (key) => client.getAndTouch(key, '1h')],
        ['lookup', (key) => client.lookup(key)],
      ])('leaves the right to refresh a stale value to those who ask for it: %s', async (_, read) => {
        const key = fresh();
        await client.set(key, 'old', { ttl: '1h' });
        await client.invalidateKey(key, { stale: '30m' });
        await read(key);
        let reading = await client.leaseGet(key, { leaseSeconds: 30 });
        while (!reading.won) reading = await client.leaseGet(key, { leaseSeconds: 30 });
        expect(reading).toMatchObject({ value: 'old', stale: true });
        expect(await client.cas(key, 'new', reading.cas)).toBe('stored');
      });
    }

    if (has('meta')) {
      it('is given for a value with less than so many days left, more than thirty of them, too', async () => {
        const key = fresh();
        const day = 24 * 60 * 60;
        await client.set(key, 'value', { ttl: '60d' });
        const before = (days: number): Promise<unknown> =>
          client.leaseGet(key, { leaseSeconds: 30, recacheSeconds: days * day });
        expect(await before(59)).toMatchObject({ hit: true, won: false });
        expect(await before(61)).toMatchObject({ hit: true, won: true });
        expect(await before(61)).toMatchObject({ hit: true, won: false, busy: true });
      });
    }

    it('may take more than thirty days', async () => {
      const key = fresh();
      const long = { leaseSeconds: 31 * 24 * 60 * 60 };
      const { won, cas } = await client.leaseGet(key, long);
      expect([won, (await client.leaseGet(key, long)).busy]).toEqual([true, true]);
      expect(await client.cas(key, 'value', cas)).toBe('stored');
    });

    it('leaves no stub when no lease is asked for', async () => {
      const key = fresh();
      expect(await client.leaseGet(key, { leaseSeconds: 0 })).toMatchObject({
        hit: false,
        won: false,
        busy: false,
      });
      expect(await client.add(key, 1)).toBe(true);
    });

    it('refuses what was computed before an invalidation', async () => {
      const key = fresh();
      const { cas } = await client.leaseGet(key, { leaseSeconds: 30 });
      await client.invalidateKey(key);
      expect(await client.cas(key, 'stale', cas)).toBe('not-found');
      const again = await client.leaseGet(key, { leaseSeconds: 30 });
      expect(again.won).toBe(true);
      expect(await client.cas(key, 'stale', cas)).toBe('exists');
    });

    it('lets the winner give the right back, and nobody else', async () => {
      const key = fresh();
      const { cas } = await client.leaseGet(key, { leaseSeconds: 30 });
      expect(await client.delete(key, { cas: `${BigInt(cas.split('@')[0]) + 1n}` })).toBe(false);
      expect(await client.delete(key, { cas })).toBe(true);
      expect((await client.leaseGet(key, { leaseSeconds: 30 })).won).toBe(true);
    });

    it('makes a value go away or stale, so that one reader computes it anew', async () => {
      const key = fresh();
      await client.set(key, 'old', { ttl: '1h' });
      expect(await client.invalidateKey(key, { stale: '30s' })).toBe(true);
      const [first, second] = [
        await client.leaseGet(key, { leaseSeconds: 30 }),
        await client.leaseGet(key, { leaseSeconds: 30 }),
      ];
      expect([first.won, second.won]).toStrictEqual([true, false]);
      expect(second.busy).toBe(true);
      const kept = has('meta') ? { value: 'old', stale: true } : { value: undefined, stale: false };
      expect(first).toMatchObject(kept);
      expect(await client.cas(key, 'new', first.cas)).toBe('stored');
    });
  });

  if (has('meta')) {
    describe('items', () => {
      it('tells everything it knows of an item', async () => {
        const key = fresh();
        expect(await client.lookup(key)).toStrictEqual({ hit: false });
        expect(await client.metadebug(key)).toBeUndefined();
        await client.set(key, 'hello', { ttl: '1h' });
        const before = await client.lookup(key);
        expect(before).toMatchObject({ hit: true, value: 'hello', size: 5, hitBefore: false, stale: false });
        await client.get(key);
        expect(await client.lookup(key)).toMatchObject({
          hit: true,
          hitBefore: true,
          cas: before.hit && before.cas,
        });
        expect(await client.metadebug(key)).toMatchObject({ fetch: 'yes' });
      });

      it('takes a lease for no item', async () => {
        const key = fresh();
        await client.leaseGet(key, { leaseSeconds: 30 });
        expect(await client.lookup(key)).toStrictEqual({ hit: false });
      });
    });
  } else {
    it('refuses what only the meta dialect can say, naming the option', async () => {
      await expect(client.lookup(fresh())).rejects.toThrow(/option protocol/);
      await expect(client.metadebug(fresh())).rejects.toMatchObject({ code: 'MEMCACHED_UNSUPPORTED' });
    });
  }
}
