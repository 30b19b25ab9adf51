import { afterEach, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Keyv } from 'keyv';
import { createKeyvStore, type Keyv6Store } from '../../lib/adapters/keyv.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { byText, inEveryPlace, until } from './support/places.js';

afterEach(() => {
  jest.useRealTimers();
});

inEveryPlace('the store for Keyv 6', (place) => {
  const store = (namespace: string | undefined = randomUUID()): Keyv6Store => {
    const made = createKeyvStore(place.service);
    made.namespace = namespace;
    return made;
  };
  const keyv = (namespace = randomUUID()): Keyv => new Keyv({ store: store(undefined), namespace });

  // What Keyv 6 asks of a storage.

  it('gives back what was set, and undefined for what was not', async () => {
    const items = store();
    expect(await items.set('a', 'text with spaces')).toBe(true);
    expect(await items.get('a')).toBe('text with spaces');
    expect(await items.get('b')).toBeUndefined();
  });

  it('tells whether a key was there when it is deleted, and whether it is there', async () => {
    const items = store();
    await items.set('a', 'one');
    expect(await items.has('a')).toBe(true);
    expect(await items.has('b')).toBe(false);
    expect(await items.delete('a')).toBe(true);
    expect(await items.delete('a')).toBe(false);
    expect(await items.has('a')).toBe(false);
    expect(await items.get('a')).toBeUndefined();
  });

  it('clears its namespace and no other', async () => {
    const [one, other] = [store(), store()];
    const bare = store('');
    bare.namespace = undefined;
    for (const items of [one, other, bare]) await items.set('a', 'there');
    await one.clear();
    expect(await one.get('a')).toBeUndefined();
    expect(await one.delete('a')).toBe(false);
    expect(await other.get('a')).toBe('there');
    expect(await bare.get('a')).toBe('there');
    await one.set('a', 'again');
    expect(await one.get('a')).toBe('again');
  });

  it('is cleared for other processes at once', async () => {
    const namespace = randomUUID();
    const elsewhere = createKeyvStore(place.another());
    elsewhere.namespace = namespace;
    const here = store(namespace);
    await here.set('a', 'one');
    expect(await elsewhere.get('a')).toBe('one');
    await elsewhere.clear();
    expect(await here.get('a')).toBeUndefined();
    await here.set('a', 'two');
    expect(await elsewhere.get('a')).toBe('two');
  });

  it('sets, gets, looks for and deletes many keys, each with its answer', async () => {
    const items = store();
    expect(await items.setMany([])).toEqual([]);
    expect(await items.getMany([])).toEqual([]);
    expect(await items.hasMany([])).toEqual([]);
    expect(await items.deleteMany([])).toEqual([]);
    const set = await items.setMany([
      { key: 'a', value: 'one' },
      { key: 'b', value: 'two' },
    ]);
    expect(set).toEqual([true, true]);
    expect(await items.getMany(['b', 'none', 'a'])).toEqual(['two', undefined, 'one']);
    expect(await items.hasMany(['a', 'b', 'none'])).toEqual([true, true, false]);
    expect(await items.deleteMany(['a', 'none', 'b'])).toEqual([true, false, true]);
    expect(await items.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    expect(await items.deleteMany(['a', 'b'])).toEqual([false, false]);
  });

  it('lets values end at their time, to the millisecond', async () => {
    const items = store();
    const began = Date.now();
    const ends = Array.from({ length: 12 }, (_, index) => began + 300 + index * 100);
    await items.setMany([
      ...ends.map((expires) => ({ key: `until ${expires}`, value: expires, expires })),
      { key: 'never', value: 'two' },
    ]);
    expect(await items.get('never')).toBe('two');
    const gone = await Promise.all(
      ends.map(async (expires) => {
        await until(async () => (await items.get(`until ${expires}`)) === undefined);
        return Date.now() - expires;
      }),
    );
    expect(gone.filter((afterMs) => afterMs < 0)).toEqual([]);
    expect(await items.hasMany(ends.map((expires) => `until ${expires}`))).toEqual(ends.map(() => false));
    expect(await items.get('never')).toBe('two');
  });

  it('takes a value whose time is over, and lets nothing live by it', async () => {
    const items = store();
    await items.set('a', 'old');
    expect(await items.set('a', 'new', Date.now() - 300)).toBe(true);
    expect(await items.get('a')).toBeUndefined();
  });

  it.each([20 * 365 * 86_400_000, 1e15, Number.POSITIVE_INFINITY])(
    'takes a value that ends after memcached can count, or never: %d',
    async (ttl) => {
      const items = store();
      const expires = Date.now() + ttl;
      expect(await items.set('a', 'one', expires)).toBe(true);
      expect(await items.setMany([{ key: 'b', value: 'two', expires }])).toEqual([true]);
      expect(await items.getMany(['a', 'b'])).toEqual(['one', 'two']);
    },
  );

  it('refuses the spans of Keyv 5, which it would take for the year 1970', async () => {
    await expect(store().set('a', 'one', 60_000)).rejects.toThrow('createKeyvStore(source, { keyv: 5 })');
    expect(() => createKeyvStore(place.service, { keyv: 4 as never })).toThrow('expected 5 or 6, got 4');
    expect(() => createKeyvStore(place.service, { kyv: 5 } as never)).toThrow("did you mean 'keyv'?");
  });

  it('iterates over its namespace, and over nothing where there is nothing', async () => {
    const items = store();
    const all = async (from: Keyv6Store): Promise<unknown[]> => {
      const entries: unknown[] = [];
      for await (const entry of from.iterator()) entries.push(entry);
      return entries.toSorted(byText);
    };
    expect(await all(items)).toEqual([]);
    await items.setMany(Array.from({ length: 250 }, (_, each) => ({ key: `k${each}`, value: `v${each}` })));
    await store().set('k0', 'of another');
    expect(await all(items)).toEqual(
      Array.from({ length: 250 }, (_, each) => [`k${each}`, `v${each}`]).toSorted(byText),
    );
    await items.clear();
    expect(await all(items)).toEqual([]);
  });

  it('has a namespace that can be read, changed and taken away', async () => {
    const items = createKeyvStore(place.service);
    expect(items.namespace).toBeUndefined();
    items.namespace = 'one';
    expect(items.namespace).toBe('one');
    items.namespace = undefined;
    expect(items.namespace).toBeUndefined();
  });

  it('keeps namespaces apart whose names and keys run into each other', async () => {
    const [one, other] = [store('a'), store('a:b')];
    await one.set('b:c', 'one');
    await other.set('c', 'other');
    expect([await one.get('b:c'), await other.get('c')]).toEqual(['one', 'other']);
    await one.clear();
    expect([await one.get('b:c'), await other.get('c')]).toEqual([undefined, 'other']);
    await other.clear();
  });

  it('leaves open what it was given, and closes what it has made', async () => {
    await store().disconnect();
    expect(await place.service.set('still', 'open')).toBe(true);
    await using client = new MemcachedClient({ servers: [...place.servers] });
    const onClient = createKeyvStore(client);
    await onClient.set('a', 'one');
    await onClient.disconnect();
    expect(await client.set('still', 'open')).toBe(true);
    const own = createKeyvStore({ servers: [...place.servers] });
    await own.set('a', 'one');
    await own.disconnect();
    await expect(own.get('a')).rejects.toThrow('closed');
  });

  // Through Keyv 6.

  it('is used by Keyv 6 as it is, and not bridged', () => {
    const own = store(undefined);
    expect(new Keyv({ store: own }).store).toBe(own);
  });

  it.each([
    ['false', false],
    ['null', null],
    ['zero', 0],
    ['an object', { fizz: 'buzz' }],
    ['a buffer', Buffer.from('bar')],
    ['an object with a buffer', { buff: Buffer.from('buzz') }],
    ['a double quote', '"'],
    ['two single quotes', "''"],
    ['a text', 'bar'],
  ])('carries %s through Keyv', async (_, value) => {
    const cache = keyv();
    expect(await cache.set('foo', value)).toBe(true);
    expect(await cache.get('foo')).toEqual(value);
  });

  it('lets values of Keyv end, one by one and by default', async () => {
    const cache = keyv();
    cache.ttl = 400;
    await cache.set('default', 1);
    await cache.set('long', 2, 60_000);
    expect(await cache.get('long')).toBe(2);
    await until(async () => (await cache.get('default')) === undefined);
    expect(await cache.hasMany(['default', 'long'])).toEqual([false, true]);
  });

  it('follows the time of a test runner, in which Keyv makes the deadlines', async () => {
    jest.useFakeTimers({
      now: new Date('2020-01-01'),
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout'],
    });
    const cache = keyv();
    await cache.set('a', 1, 60_000);
    expect(await cache.get('a')).toBe(1);
    jest.setSystemTime(new Date('2020-01-01T00:01:01'));
    expect(await cache.get('a')).toBeUndefined();
  });

  it('iterates through Keyv, without what is over', async () => {
    const cache = keyv();
    await Promise.all([cache.set('a', 1, 300), cache.set('b', 2), cache.set('c', null)]);
    await until(async () => (await cache.get('a')) === undefined);
    const entries: unknown[] = [];
    for await (const entry of cache.iterator()) entries.push(entry);
    expect(entries.toSorted(byText)).toEqual([
      ['b', 2],
      ['c', null],
    ]);
    expect(await cache.deleteMany(['b', 'c'])).toEqual([true, true]);
  });
});
