import { describe, expect, it } from '@jest/globals';
import { toExptime } from '../../lib/protocol/exptime.js';

const DAY = 60 * 60 * 24;
const NOW = 1_800_000_000;
const END = 2 ** 31 - 1;

describe('expiration times', () => {
  it.each([1, 60, DAY, 30 * DAY])('are relative up to 30 days: %d s', (seconds) => {
    expect(toExptime(seconds, NOW)).toBe(seconds);
  });

  it('are Unix times beyond, since memcached takes larger numbers for those', () => {
    expect(toExptime(30 * DAY + 1, NOW)).toBe(NOW + 30 * DAY + 1);
    expect(toExptime(400 * DAY, NOW)).toBe(NOW + 400 * DAY);
  });

  it('never end early for a clock that stands between two seconds', () => {
    expect(toExptime(31 * DAY, NOW + 0.001)).toBe(NOW + 1 + 31 * DAY);
  });

  it('end in January 2038, where memcached counts no further', () => {
    expect(toExptime(END - NOW, NOW)).toBe(END);
    expect(() => toExptime(END - NOW + 1, NOW)).toThrow(
      expect.objectContaining({
        code: 'MEMCACHED_INVALID_ARGUMENT',
        message: expect.stringMatching(/2038.*leave ttl out/),
      }),
    );
  });
});
