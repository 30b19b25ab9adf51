import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors.js';
import type { StandardSchema } from '../../lib/options/standard-schema.js';
import { settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';

interface Product {
  readonly name: string;
}

/** As the schema libraries do, at once or later. */
const schema = (validate: (value: unknown) => boolean, late = false): StandardSchema => ({
  '~standard': {
    validate: (value) => {
      const result = validate(value) ? { value } : { issues: [{ message: 'does not fit' }] };
      return late ? Promise.resolve(result) : result;
    },
  },
});

const hasName = (value: unknown): boolean => typeof (value as Partial<Product>).name === 'string';

describe('schema', () => {
  it.each([
    ['at once', false],
    ['later', true],
  ])('makes a miss of what does not fit, which is loaded and stored once; told %s', async (_when, late) => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const policy = { schema: schema(hasName, late) };
    await cache.set('k', { title: 'of the version before' });
    let loads = 0;
    const load = async (): Promise<Product> => {
      loads += 1;
      return { name: 'mug' };
    };
    expect(await cache.get('k', policy)).toBeUndefined();
    const both = [cache.getOrSet('k', load, policy), cache.getOrSet('k', load, policy)];
    expect(await Promise.all(both)).toEqual([{ name: 'mug' }, { name: 'mug' }]);
    expect(await cache.getOrSet('k', load, policy)).toEqual({ name: 'mug' });
    expect(await cache.get('k', policy)).toEqual({ name: 'mug' });
    expect(loads).toBe(1);
    expect(cache.counters.unreadable).toBeGreaterThan(0);
  });

  it('does not serve as stale what does not fit', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start({ ttl: '10s', grace: '60s' });
    await cache.set('k', { title: 'of the version before' });
    await fleet.pass(12_000);
    const policy = { schema: schema(hasName) };
    expect(await cache.getOrSet<Product>('k', () => ({ name: 'mug' }), policy)).toEqual({ name: 'mug' });
  });

  it('counts a schema that throws as one that does not fit', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    await cache.set('k', 1);
    const policy = {
      schema: schema(() => {
        throw new Error('no');
      }),
    };
    expect(await cache.getOrSet('k', () => 2, policy)).toBe(2);
  });

  it('does not hold up loads that store nothing', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const policy = { schema: schema(hasName) };
    expect(await cache.getOrSet('k', () => undefined, policy)).toBeUndefined();
    expect(await cache.getOrSet<Product | undefined>('k', () => ({ name: 'mug' }), policy)).toEqual({
      name: 'mug',
    });
  });

  it('holds for what is looked at during a load: another release stores its shape meanwhile', async () => {
    const fleet = new Fleet();
    const { cache } = fleet.start();
    const other = fleet.start().cache;
    const load = deferred<Product>();
    const loaded = cache.getOrSet('k', () => load.promise, { schema: schema(hasName) });
    await settled();
    await other.set('k', { title: 'of the version before' });
    await fleet.pass(5000);
    load.resolve({ name: 'mug' });
    expect(await loaded).toEqual({ name: 'mug' });
  });

  it('holds for what could not be removed before the load', async () => {
    const fleet = new Fleet();
    const { cache, store } = fleet.start();
    await cache.set('k', { title: 'of the version before' });
    store.before = (operation) => {
      if (operation === 'release') throw new Error('the connection broke');
    };
    const load = deferred<Product>();
    const loaded = cache.getOrSet('k', () => load.promise, { schema: schema(hasName) });
    await fleet.pass(5000);
    load.resolve({ name: 'mug' });
    expect(await loaded).toEqual({ name: 'mug' });
  });

  it('is refused where it is none', async () => {
    const { cache } = new Fleet().start();
    await expect(cache.getOrSet('k', () => 1, { schema: {} as never })).rejects.toThrow(InvalidOptionsError);
  });
});
