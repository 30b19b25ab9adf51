import { describe, expect, it } from '@jest/globals';
import { Polling, pauseMs } from '../../lib/cache/polling.js';
import { FakeClock, settled } from './support/fake-clock.js';
import { deferred, Fleet } from './support/fleet.js';
import { seeded } from './support/seeded.js';

describe('the pause before the next look', () => {
  it.each([
    ['at first', 0, 1000, 3.75, 5],
    ['as the wait grows', 100, 1000, 7.5, 10],
    ['in the end', 60_000, 1000, 187.5, 250],
    ['when little is left of the wait', 100, 4, 3, 4],
  ])('%s', (_when, waitedMs, leftMs, shortest, longest) => {
    expect([pauseMs(waitedMs, leftMs, 0), pauseMs(waitedMs, leftMs, 1)]).toEqual([shortest, longest]);
  });
});

describe('polling', () => {
  it('lets waits that may look at the same moment do so', async () => {
    const clock = new FakeClock();
    const polling = new Polling(clock, seeded(1));
    const [first, second] = [polling.pause(100, 1000), polling.pause(100, 1000)];
    expect(second.over).toBe(first.over);
    expect(clock.pending).toBe(1);
    await clock.advance(10);
    expect(clock.pending).toBe(0);
    expect(polling.pause(100, 1000).over).not.toBe(first.over);
  });

  it('keeps apart what may not', () => {
    const clock = new FakeClock();
    const polling = new Polling(clock, seeded(1));
    expect(polling.pause(1000, 1000).over).not.toBe(polling.pause(0, 1000).over);
  });

  it('goes on for those who stay', async () => {
    const clock = new FakeClock();
    const polling = new Polling(clock, () => 0.5);
    const pause = polling.pause(0, 1000);
    polling.pause(0, 1000);
    pause.leave();
    expect(clock.pending).toBe(1);
    pause.leave();
    expect(clock.pending).toBe(0);
    await pause.over;
  });

  it('makes the looks of one process at many keys leave together', async () => {
    const fleet = new Fleet();
    fleet.randomSource = seeded(7);
    const [a, b] = [fleet.start(), fleet.start()];
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    const gate = deferred<string>();
    const loads = keys.map((key) => a.cache.getOrSet(key, () => gate.promise));
    await settled();
    const looks = new Map<number, number>();
    b.store.before = (operation) => {
      const at = fleet.clock.now();
      if (operation === 'read') looks.set(at, (looks.get(at) ?? 0) + 1);
    };
    const waits = keys.map((key) => b.cache.getOrSet(key, () => 'not called'));
    await fleet.pass(100);
    gate.resolve('value');
    await fleet.pass(50);
    await expect(Promise.all([...loads, ...waits])).resolves.toEqual(Array(40).fill('value'));
    expect(looks.size).toBeGreaterThan(10);
    expect(new Set(looks.values())).toEqual(new Set([20]));
    expect(fleet.clock.pending).toBe(0);
  });
});
