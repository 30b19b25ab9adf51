import { describe, expect, it, jest } from '@jest/globals';
import { rebuiltWithoutDown } from '../../../lib/cluster/distribution/without-down.js';
import type { OwnerOf } from '../../../lib/custom-distribution.js';

const firstOf = (live: readonly number[]): OwnerOf => (live.length === 0 ? () => -1 : () => live[0]);

describe('rebuiltWithoutDown', () => {
  it('looks up among the servers that are left', () => {
    const placement = rebuiltWithoutDown([1, 1, 1], firstOf);
    expect(placement.indexFor('k')).toBe(0);
    expect(placement.indexWithout('k', () => false)).toBe(0);
    expect(placement.indexWithout('k', (index) => index === 0)).toBe(1);
    expect(placement.indexWithout('k', (index) => index !== 2)).toBe(2);
    expect(placement.indexWithout('k', () => true)).toBe(-1);
    expect(placement.indexWithout('k', () => false)).toBe(0);
  });

  it('builds once for each set of servers that are down', () => {
    const build = jest.fn(firstOf);
    const placement = rebuiltWithoutDown([1, 1, 1], build);
    for (let round = 0; round < 5; round += 1) {
      for (const down of [0, 1, 2]) placement.indexWithout('k', (index) => index === down);
      placement.indexWithout('k', () => false);
    }
    expect(build).toHaveBeenCalledTimes(4);
  });

  it('remembers the sets of one of up to 127 servers', () => {
    const build = jest.fn(firstOf);
    const placement = rebuiltWithoutDown(new Array<number>(127).fill(1), build);
    for (let round = 0; round < 2; round += 1) {
      for (let down = 0; down < 127; down += 1) placement.indexWithout('k', (index) => index === down);
    }
    expect(build).toHaveBeenCalledTimes(128);
  });

  it('forgets the sets it has not seen for long', () => {
    const build = jest.fn(firstOf);
    const placement = rebuiltWithoutDown(new Array<number>(128).fill(1), build);
    const without = (down: number): number => placement.indexWithout('k', (index) => index === down);
    without(0);
    for (let down = 1; down < 128; down += 1) without(down);
    expect(build).toHaveBeenCalledTimes(129);
    without(127);
    expect(build).toHaveBeenCalledTimes(129);
    expect(without(0)).toBe(1);
    expect(build).toHaveBeenCalledTimes(130);
  });
});
