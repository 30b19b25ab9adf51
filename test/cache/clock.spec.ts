import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../lib/cache/clock.js';

const DAY_MS = 86_400_000;

describe('the clock of this process', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('calls back after longer than a timer of Node can be set to', () => {
    const called = jest.fn();
    systemClock.after(60 * DAY_MS, called);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(called).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(called).toHaveBeenCalledTimes(1);
  });

  it('can be called off at any time', () => {
    const called = jest.fn();
    const callOff = systemClock.after(60 * DAY_MS, called);
    jest.advanceTimersByTime(30 * DAY_MS);
    callOff();
    jest.advanceTimersByTime(60 * DAY_MS);
    expect(called).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});
