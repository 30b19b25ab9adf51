import { beforeEach, describe, expect, it, jest } from '@jest/globals';

const DAY_MS = 86_400_000;

/** What a timer of Node can be set to. */
const LONGEST_MS = 2 ** 31 - 1;

/** Timers that are set, by what `setTimeout` has returned. The library keeps Node's own from fakes of test runners. */
const timers = new Map<number, { readonly callback: () => void; readonly ms: number }>();
let count = 0;

jest.unstable_mockModule('node:timers', () => ({
  default: {
    setTimeout: (callback: () => void, ms: number) => {
      timers.set((count += 1), { callback, ms });
      return count;
    },
    clearTimeout: (timer: number) => timers.delete(timer),
  },
}));
const { systemClock } = await import('../../lib/cache/clock.js');
const { pause } = await import('../../lib/cache/pause.js');

/** Lets the one timer that is set go off. @returns what it was set to. */
function goOff(): number {
  const [[timer, { callback, ms }]] = timers;
  timers.delete(timer);
  callback();
  return ms;
}

describe('the clock of this process', () => {
  beforeEach(() => timers.clear());

  it('sets no timer to what is past, of which newer versions of Node warn', () => {
    systemClock.after(-0.001, () => undefined);
    expect(goOff()).toBe(0);
  });

  it('calls back after longer than a timer of Node can be set to', () => {
    const called = jest.fn();
    systemClock.after(60 * DAY_MS, called);
    expect([goOff(), goOff()]).toStrictEqual([LONGEST_MS, LONGEST_MS]);
    expect(called).not.toHaveBeenCalled();
    expect(goOff()).toBe(60 * DAY_MS - 2 * LONGEST_MS);
    expect(called).toHaveBeenCalledTimes(1);
  });

  it('can be called off at any time', () => {
    const called = jest.fn();
    const callOff = systemClock.after(60 * DAY_MS, called);
    goOff();
    callOff();
    expect(timers.size).toBe(0);
    expect(called).not.toHaveBeenCalled();
  });
});

describe('a pause', () => {
  it.each(['before it', 'during it'])(
    'ends when its signal is aborted %s, and leaves no timer',
    async (when) => {
      timers.clear();
      const controller = new AbortController();
      if (when === 'before it') controller.abort();
      const over = pause(systemClock, DAY_MS, controller.signal);
      controller.abort();
      await expect(over).resolves.toBeUndefined();
      expect(timers.size).toBe(0);
    },
  );
});
