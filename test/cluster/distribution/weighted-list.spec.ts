import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { WeightedList } from '../../../lib/cluster/distribution/weighted-list.js';

describe('WeightedList', () => {
  it('holds each server as often as its weight says, in order', () => {
    const weights = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(weights, (given) => {
        const list = new WeightedList(given.map((weight, owner) => ({ owner, weight })));
        const written = given.flatMap((weight, owner) => Array.from({ length: weight }, () => owner));
        expect(list).toHaveLength(written.length);
        expect(written.map((_, position) => list.ownerAt(position))).toEqual(written);
      }),
    );
  });

  it('finds the ends of runs in a list too long to be written out', () => {
    const list = new WeightedList([
      { owner: 4, weight: 1_000_000 },
      { owner: 7, weight: 0 },
      { owner: 2, weight: 1 },
      { owner: 9, weight: 2_000_000 },
    ]);
    expect(list).toHaveLength(3_000_001);
    expect([0, 999_999, 1_000_000, 1_000_001, 3_000_000].map((position) => list.ownerAt(position))).toEqual([
      4, 4, 2, 9, 9,
    ]);
  });

  it('has nobody when all weights are 0', () => {
    expect(new WeightedList([{ owner: 0, weight: 0 }]).ownerAt(0)).toBe(-1);
  });
});
