import { describe, expect, it, jest } from '@jest/globals';
import { createPlacement } from '../../../lib/cluster/distribution/distribution.js';
import { InvalidOptionsError } from '../../../lib/errors.js';
import type { CustomDistribution } from '../../../lib/custom-distribution.js';

const servers = ['a', 'b', 'c'].map((host) => ({ host, port: 11211, weight: 1 }));

/** The server of the key's first letter. */
const byLetter: CustomDistribution = (given) => (key) => given.findIndex(({ host }) => host === key[0]);

describe("a distribution of the user's own", () => {
  it('gets the servers once and is asked for each key', () => {
    const distribution = jest.fn(byLetter);
    const placement = createPlacement(distribution, servers);
    expect(['a1', 'b2', 'c3', 'd4'].map((key) => placement.indexFor(key))).toEqual([0, 1, 2, -1]);
    expect(distribution).toHaveBeenCalledTimes(1);
    expect(distribution).toHaveBeenCalledWith(servers);
    expect(placement.warnings).toEqual([]);
  });

  it('gets the servers that are left when one is down, and counts those', () => {
    const placement = createPlacement(byLetter, servers);
    const isDown = (index: number): boolean => index === 1;
    expect(['a1', 'b2', 'c3'].map((key) => placement.indexWithout(key, isDown))).toEqual([0, -1, 2]);
  });

  it('is not asked when no server is left', () => {
    const placement = createPlacement(() => () => 0, servers);
    expect(placement.indexWithout('k', () => true)).toBe(-1);
  });

  it('may answer no index but those of the servers it got', () => {
    for (const wrong of [3, -2, 0.5, Number.NaN, '1', undefined]) {
      const placement = createPlacement(() => () => wrong as number, servers);
      expect(() => placement.indexFor('k')).toThrow(InvalidOptionsError);
      expect(() => placement.indexFor('k')).toThrow('distribution: expected an index below 3 or -1');
    }
  });

  it('must return a function', () => {
    expect(() => createPlacement((() => 1) as unknown as CustomDistribution, servers)).toThrow(
      'distribution: expected the function to return a function',
    );
  });
});
