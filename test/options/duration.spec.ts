import { describe, expect, it } from '@jest/globals';
import { type Duration, toMilliseconds, toTtlSeconds } from '../../lib/options/duration.js';

describe('a duration', () => {
  it.each([
    [0, 0],
    [250, 250],
    [0.5, 0.5],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ] as const)('of %p is %d ms', (duration, milliseconds) => {
    expect(toMilliseconds(duration, 'wait')).toBe(milliseconds);
  });

  it.each([
    -1,
    Number.NaN,
    Infinity,
    '5',
    '5 m',
    '5min',
    'm',
    '',
    '-5s',
    '1e3s',
    '5M',
    '.5s',
    '5s ',
    null,
    undefined,
    true,
    5n,
    {},
    [],
  ])('cannot be %p, and the message shows what it can be', (wrong) => {
    expect(() => toMilliseconds(wrong as Duration, 'wait')).toThrow(
      expect.objectContaining({
        code: 'MEMCACHED_INVALID_ARGUMENT',
        message: expect.stringMatching(/^wait: expected .*'500ms', '30s', '5m', '2h', '7d', got /),
      }),
    );
  });
});

describe('a ttl', () => {
  it.each([
    [1000, 1],
    ['1s', 1],
    ['1001ms', 2],
    ['1.5s', 2],
    ['30d', 2_592_000],
    ['400d', 34_560_000],
  ] as const)('of %p is %d whole seconds', (ttl, seconds) => {
    expect(toTtlSeconds(ttl)).toBe(seconds);
  });

  it.each([
    [60, "ttl: 60 ms is below one second, the smallest ttl memcached can count; did you mean '60s'?"],
    [0, 'ttl: 0 ms is below one second, the smallest ttl memcached can count'],
    ['500ms', 'ttl: 500 ms is below one second, the smallest ttl memcached can count'],
  ] as const)('of %p is refused with the likely intent', (ttl, message) => {
    expect(() => toTtlSeconds(ttl)).toThrow(
      expect.objectContaining({ code: 'MEMCACHED_INVALID_ARGUMENT', message }),
    );
  });

  it('is called what it is for', () => {
    expect(() => toTtlSeconds(5, 'grace')).toThrow(/^grace: 5 ms/);
  });
});
