import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Keyv } from 'keyv-5';
import { createKeyvStore, type Keyv5Store } from '../../lib/adapters/keyv.js';
import { byText, inEveryPlace, until } from './support/places.js';

// What Keyv 5's own suite asks of a store, case by case, in words of our own.
inEveryPlace('the store for Keyv 5', (place) => {
  const store = () => createKeyvStore(place.service, { keyv: 5 });
  const keyv = (namespace = randomUUID()): Keyv =>
    new Keyv({ store: store(), namespace, throwOnErrors: true });

  it('sets, gets, deletes and clears', async () => {
    const cache = keyv();
    expect(await cache.set('foo', 'bar')).toBe(true);
    expect(await cache.get('foo')).toBe('bar');
    expect(await cache.get('none')).toBeUndefined();
    expect(await cache.delete('foo')).toBe(true);
    expect(await cache.delete('foo')).toBe(false);
    expect(await cache.get('foo')).toBeUndefined();
    await cache.set('foo', 'bar');
    expect(await cache.clear()).toBeUndefined();
    expect(await cache.get('foo')).toBeUndefined();
    expect(await cache.has('foo')).toBe(false);
    expect(await cache.delete('foo')).toBe(false);
  });

  it('gets, looks for and deletes many', async () => {
    const cache = keyv();
    expect(await cache.get(['foo', 'foo1'])).toEqual([undefined, undefined]);
    await cache.setMany([
      { key: 'foo', value: 'bar', ttl: 3000 },
      { key: 'foo1', value: 'bar1' },
      { key: 'foo2', value: 'bar2', ttl: 0 },
    ]);
    expect(await cache.get(['foo', 'none', 'foo2'])).toEqual(['bar', undefined, 'bar2']);
    expect(await cache.has(['foo', 'none'])).toEqual([true, false]);
    expect(await cache.delete(['foo', 'foo1', 'foo2'])).toBe(true);
    expect(await cache.delete(['foo', 'foo1', 'foo2'])).toBe(false);
    expect(await cache.get(['foo', 'foo1'])).toEqual([undefined, undefined]);
  });

  it('lets values end, to the millisecond', async () => {
    const cache = keyv();
    const begun = Date.now();
    await cache.set('foo', 'bar', 400);
    await cache.set('long', 'bar', 60_000);
    await until(async () => !(await cache.has('foo')));
    expect(Date.now() - begun).toBeGreaterThanOrEqual(400);
    expect(await cache.get(['foo', 'long'])).toEqual([undefined, 'bar']);
  });

  it.each([
    ['false', false],
    ['null', null],
    ['zero', 0],
    ['an object', { fizz: 'buzz' }],
    ['a buffer', Buffer.from('bar')],
    ['an object with a buffer', { buff: Buffer.from('buzz') }],
    ['quotes', `'"''"`],
  ])('carries %s', async (_, value) => {
    const cache = keyv();
    await cache.set("'key'", value);
    expect(await cache.get("'key'")).toEqual(value);
  });

  it('carries undefined as nothing, and no symbol', async () => {
    const cache = keyv();
    await cache.set('foo', undefined);
    expect(await cache.get('foo')).toBeUndefined();
    cache.on('error', () => undefined);
    await expect(cache.set('foo', Symbol('value'))).rejects.toThrow('symbol cannot be serialized');
  });

  it('carries what another serializer writes', async () => {
    const cache = keyv();
    cache.serialize = (data) =>
      JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    cache.deserialize = (text) =>
      JSON.parse(text, (_, value: unknown) =>
        /^\d+n$/.test(String(value)) ? BigInt(String(value).slice(0, -1)) : value,
      ) as never;
    await cache.set('foo', 9_223_372_036_854_775_807n);
    expect(await cache.get('foo')).toBe(9_223_372_036_854_775_807n);
  });

  it('keeps namespaces apart in all that is done to them', async () => {
    const [one, other] = [keyv(), keyv()];
    for (const cache of [one, other]) {
      await cache.set('foo', cache.namespace);
      await cache.set('bar', cache.namespace);
    }
    expect([await one.get('foo'), await other.get('foo')]).toEqual([one.namespace, other.namespace]);
    expect(await one.delete('foo')).toBe(true);
    expect([await one.get('foo'), await other.get('foo')]).toEqual([undefined, other.namespace]);
    await one.clear();
    expect([await one.get('bar'), await other.get('bar')]).toEqual([undefined, other.namespace]);
  });

  const entriesOf = async (cache: Keyv): Promise<unknown[]> => {
    const entries: unknown[] = [];
    for await (const entry of cache.iterator!(undefined)) entries.push(entry);
    return entries.toSorted(byText);
  };

  it('iterates over its namespace, on a store that others use too', async () => {
    const shared = store();
    const numbers = (from: number): [string, string][] =>
      Array.from({ length: 5 }, (_, each) => [String(each), String(each + from)]);
    const first = new Keyv({ store: shared, namespace: randomUUID() });
    await Promise.all(numbers(10).map(([key, value]) => first.set(key, value)));
    expect(await entriesOf(first)).toEqual(numbers(10));
    const second = new Keyv({ store: shared, namespace: randomUUID() });
    await Promise.all(numbers(20).map(([key, value]) => second.set(key, value)));
    expect(await entriesOf(second)).toEqual(numbers(20));
    expect(await first.get('0')).toBe('10');
  });

  it('iterates without what is over', async () => {
    const cache = keyv();
    await Promise.all([cache.set('over', 'one', 200), cache.set('there', 'two')]);
    await until(async () => (await cache.get('over')) === undefined);
    expect(await entriesOf(cache)).toEqual([['there', 'two']]);
  });

  it('does not guess which of several namespaces on one store is to be cleared', async () => {
    const shared = store();
    const first = new Keyv({ store: shared, namespace: 'first', throwOnErrors: true });
    first.on('error', () => undefined);
    await first.set('foo', 'bar');
    const second = new Keyv({ store: shared, namespace: 'second' });
    second.on('error', () => undefined);
    await expect(first.clear()).rejects.toThrow('give each Keyv a store of its own');
    expect(await first.get('foo')).toBe('bar');
  });

  it.each<[string, (shared: Keyv5Store) => [plain: Keyv, named: Keyv]]>([
    [
      'with a namespace first',
      (shared) => {
        const named = new Keyv({ store: shared, namespace: 'named', throwOnErrors: true });
        return [new Keyv({ store: shared, namespace: undefined, throwOnErrors: true }), named];
      },
    ],
    [
      'without one first',
      (shared) => {
        const plain = new Keyv({ store: shared, namespace: undefined, throwOnErrors: true });
        return [plain, new Keyv({ store: shared, namespace: 'named', throwOnErrors: true })];
      },
    ],
  ])('keeps a Keyv without a namespace apart from one on the same store: %s', async (_, open) => {
    const shared = store();
    await createKeyvStore(place.service, { keyv: 5 }).clear();
    const [plain, named] = open(shared);
    for (const cache of [plain, named]) cache.on('error', () => undefined);
    await plain.set('k', 'plain');
    await named.set('k', 'named');
    expect([await plain.get('k'), await named.get('k')]).toEqual(['plain', 'named']);
    // As they find them on stores of their own.
    expect(await new Keyv({ store: store(), namespace: undefined }).get('k')).toBe('plain');
    expect(await new Keyv({ store: store(), namespace: 'named' }).get('k')).toBe('named');
    for (const cache of [plain, named]) await expect(cache.clear()).rejects.toThrow('a store of its own');
    expect([await plain.get('k'), await named.get('k')]).toEqual(['plain', 'named']);
  });

  it.each([20 * 365 * 86_400_000, 1e12, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])(
    'takes a ttl that ends after memcached can count, or never: %d',
    async (ttl) => {
      const cache = keyv();
      expect(await cache.set('a', 'one', ttl)).toBe(true);
      expect(await cache.get('a')).toBe('one');
    },
  );

  it('refuses the deadlines of Keyv 6, which it would take for 50 years', async () => {
    await expect(store().set('a', 'one', Date.now() + 1000)).rejects.toThrow(
      'createKeyvStore(source, { keyv: 6 })',
    );
  });
});
