import { describe, expect, it } from '@jest/globals';
import { createPlacement } from '../../../lib/cluster/distribution/distribution.js';
import { keyHash } from '../../../lib/cluster/distribution/hash/named.js';

const three = [1, 1, 1].map((weight, index) => ({ host: `10.0.0.${index}`, port: 11211, weight }));

describe('python-memcached', () => {
  it('lists servers in their order, each as often as it weighs', () => {
    const servers = [2, 0, 3].map((weight, index) => ({ host: `10.0.0.${index}`, port: 11211, weight }));
    const placement = createPlacement({ type: 'python-memcached', hash: Number }, servers);
    expect(['0', '1', '2', '3', '4', '5'].map((key) => placement.indexFor(key))).toEqual([0, 0, 2, 2, 2, 0]);
  });

  it('takes negative and big hash values the way Python divides', () => {
    const placement = createPlacement({ type: 'python-memcached', hash: BigInt }, three);
    expect(placement.indexFor('-1')).toBe(2);
    expect(placement.indexFor('-3')).toBe(0);
    expect(placement.indexFor('36893488147419103233')).toBe(0);
    expect(placement.indexFor('36893488147419103234')).toBe(1);
  });

  it('hashes the decimal of the hash and the number of the try when a server is out', () => {
    const placement = createPlacement({ type: 'python-memcached', hash: () => 1234 }, three);
    const crc = keyHash('crc');
    const first = placement.indexFor('any');
    const second = crc('12340') % 3;
    const third = crc(`${crc('12340')}1`) % 3;
    expect(first).toBe(1234 % 3);
    expect(second).not.toBe(first);
    expect(placement.indexWithout('any', (index) => index === first)).toBe(second);
    expect(third).not.toBe(first);
    expect(placement.indexWithout('any', (index) => index === first || index === second)).toBe(third);
  });

  it('has no server after ten unlucky tries, though one is up', () => {
    const servers = [{ host: 'up', port: 11211, weight: 1 }].concat(
      Array.from({ length: 99 }, (_, index) => ({ host: `down-${index}`, port: 11211, weight: 1 })),
    );
    const placement = createPlacement('python-memcached', servers);
    const answers = Array.from({ length: 200 }, (_, index) =>
      placement.indexWithout(`key:${index}`, (server) => server > 0),
    );
    expect(new Set(answers)).toEqual(new Set([-1, 0]));
  });

  it('has 1 in place of a hash of 0, but for the old hash', () => {
    const crc = keyHash('crc');
    const key = Array.from({ length: 200_000 }, (_, index) => `key:${index}`).find((text) => crc(text) === 0);
    expect(key).toBeDefined();
    expect(createPlacement('python-memcached', three).indexFor(key as string)).toBe(1);
  });
});
