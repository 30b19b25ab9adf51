import { describe, expect, it } from '@jest/globals';
import { deferred, Fleet } from './support/fleet.js';

/** Calls for two keys whose loads are under way. */
async function loading() {
  const fleet = new Fleet();
  const { cache, store } = fleet.start();
  const loads = { a: deferred<string>(), b: deferred<string>() };
  const ask = (key: 'a' | 'b'): Promise<unknown> => cache.getOrSet(key, () => loads[key].promise);
  const first = [ask('a'), ask('b')];
  await fleet.pass(10);
  const readsOf = (key: string): number => store.log.filter((line) => line === `read ${key}`).length;
  const end = async (later: readonly Promise<unknown>[]): Promise<void> => {
    loads.a.resolve('a');
    loads.b.resolve('b');
    await fleet.until(Promise.all([...first, ...later]));
  };
  return { fleet, cache, ask, readsOf, end };
}

describe('what is forgotten', () => {
  it('is a key: who asks for it later looks anew, and calls of other keys join as before', async () => {
    const { fleet, cache, ask, readsOf, end } = await loading();
    cache.forget('a');
    const later = [ask('a'), ask('b')];
    await fleet.pass(1);
    expect([readsOf('a'), readsOf('b')]).toStrictEqual([2, 1]);
    await end(later);
  });

  it('is everything, where no key is named', async () => {
    const { fleet, cache, ask, readsOf, end } = await loading();
    cache.forget();
    const later = [ask('a'), ask('b')];
    await fleet.pass(1);
    expect([readsOf('a'), readsOf('b')]).toStrictEqual([2, 2]);
    await end(later);
  });
});
