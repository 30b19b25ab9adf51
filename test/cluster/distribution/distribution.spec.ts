import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  DISTRIBUTION_NAMES,
  createPlacement,
  readDistribution,
} from '../../../lib/cluster/distribution/distribution.js';
import { InvalidOptionsError } from '../../../lib/errors.js';
import type { DistributionServer } from '../../../lib/custom-distribution.js';
import type { DistributionName } from '../../../lib/options/distribution-options.js';
import { anyText } from '../../support/any-text.js';

const IGNORE_WEIGHTS: ReadonlySet<DistributionName> = new Set([
  'libmemcached-modula',
  'memjs',
  'rendezvous',
  'spymemcached-modulo',
]);

/** When a server is out, these leave every key of another one where it is. */
const KEEP_OTHERS_KEYS: readonly DistributionName[] = [
  'libmemcached-modula',
  'python-memcached',
  'modulo',
  'rendezvous',
  'dalli',
  'memjs',
  'spymemcached-modulo',
  'spymemcached-ketama',
  'npm-memcache-ketama',
];

/** Rings that are dealt anew, so that rounding may move a few other keys. */
const REDEALT_RINGS: readonly DistributionName[] = [
  'ketama',
  'libmemcached-consistent',
  'twemproxy-ketama',
  'npm-memcached',
];

const KEYS = Array.from({ length: 4000 }, (_, index) => `user:${index * 7919}:profile`);

const anyKey = fc.oneof(
  fc.string({ minLength: 1, maxLength: 250 }),
  anyText({ minLength: 1, maxLength: 80 }),
);

const server = fc.record({
  host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
  port: fc.oneof(fc.constant(11211), fc.integer({ min: 1, max: 65535 })),
  weight: fc.integer({ min: 1, max: 20 }),
});

const servers = fc.uniqueArray(server, {
  minLength: 1,
  maxLength: 8,
  selector: ({ host, port }) => `${host} ${port}`,
});

function fleet(...weights: number[]): DistributionServer[] {
  return weights.map((weight, index) => ({ host: `10.0.0.${index + 1}`, port: 11211, weight }));
}

function shares(name: DistributionName, given: readonly DistributionServer[]): number[] {
  const placement = createPlacement(name, given);
  const counts = given.map(() => 0);
  for (const key of KEYS) counts[placement.indexFor(key)] += 1;
  return counts.map((count) => count / KEYS.length);
}

describe.each(DISTRIBUTION_NAMES)('%s', (name) => {
  it('always gives the index of a server, the same for the same key', () => {
    fc.assert(
      fc.property(servers, fc.array(anyKey, { minLength: 1 }), (given, keys) => {
        const placement = createPlacement(name, given);
        const again = createPlacement(name, given);
        for (const key of keys) {
          const index = placement.indexFor(key);
          expect(index).toBeGreaterThanOrEqual(0);
          expect(index).toBeLessThan(given.length);
          expect(again.indexFor(key)).toBe(index);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('answers without down servers as it does when none is down', () => {
    fc.assert(
      fc.property(servers, anyKey, (given, key) => {
        const placement = createPlacement(name, given);
        expect(placement.indexWithout(key, () => false)).toBe(placement.indexFor(key));
      }),
      { numRuns: 15 },
    );
  });

  it('never gives a server that is down', () => {
    fc.assert(
      fc.property(servers, anyKey, fc.nat({ max: 255 }), (given, key, mask) => {
        const isDown = (index: number): boolean => ((mask >> index) & 1) === 1;
        const index = createPlacement(name, given).indexWithout(key, isDown);
        expect(index).toBeGreaterThanOrEqual(-1);
        expect(index).toBeLessThan(given.length);
        expect(isDown(index)).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  it('has one answer for a single server, none for no server, and none when all are down', () => {
    const single = createPlacement(name, fleet(1));
    expect(single.indexFor('k')).toBe(0);
    expect(single.indexWithout('k', () => false)).toBe(0);
    expect(single.indexWithout('k', () => true)).toBe(-1);
    const empty = createPlacement(name, []);
    expect(empty.indexFor('k')).toBe(-1);
    expect(empty.indexWithout('k', () => true)).toBe(-1);
    expect(empty.warnings).toEqual([]);
    expect(createPlacement(name, fleet(2, 1, 3)).indexWithout('k', () => true)).toBe(-1);
  });

  it('shares the keys by weight, or equally where weights do not count', () => {
    const weights = [1, 2, 3, 4];
    const expected = IGNORE_WEIGHTS.has(name) ? [0.25, 0.25, 0.25, 0.25] : [0.1, 0.2, 0.3, 0.4];
    for (const [index, share] of shares(name, fleet(...weights)).entries()) {
      expect(Math.abs(share - expected[index])).toBeLessThan(0.09);
    }
  });

  it.each([
    [1, 2, 3, 4],
    [0, 3, 1, 4],
    [1, 400, 2, 300],
  ])('tells the weights as they count: %i, %i, %i and %i', (...weights) => {
    const given = fleet(...weights);
    const { weights: counted } = createPlacement(name, given);
    const total = counted.reduce((sum, weight) => sum + weight, 0);
    for (const [index, share] of shares(name, given).entries()) {
      expect(Math.abs(share - counted[index] / total)).toBeLessThan(0.1);
      if (counted[index] === 0) expect(share).toBe(0);
    }
  });

  it('says so when weights do not count, and is silent about a fleet without peculiarities', () => {
    expect(createPlacement(name, fleet(1, 1, 1)).warnings).toEqual([]);
    const { warnings } = createPlacement(name, fleet(1, 2, 3));
    if (IGNORE_WEIGHTS.has(name)) expect(warnings.join()).toContain('ignores weights');
    else expect(warnings).toEqual([]);
  });

  it('refuses weights that are not whole numbers of 0 or more', () => {
    for (const weight of [-1, 0.5, Number.NaN, Infinity]) {
      expect(() => createPlacement(name, fleet(1, weight))).toThrow(InvalidOptionsError);
      expect(() => createPlacement(name, fleet(1, weight))).toThrow('servers[1].weight');
    }
  });

  it('takes a text of the user for the address it hashes', () => {
    const [one, two] = [fleet(1, 1, 1), fleet(1, 1, 1)].map((given, round) =>
      given.map((entry, index) => ({ ...entry, host: `${round}.${entry.host}`, name: `node-${index}` })),
    );
    const before = createPlacement(name, one);
    const after = createPlacement(name, two);
    expect(KEYS.every((key) => before.indexFor(key) === after.indexFor(key))).toBe(true);
  });

  it('tells servers behind unix sockets from each other', () => {
    const given = ['/run/a.sock', '/run/b.sock', '/run/c.sock'].map((path) => ({
      host: '',
      port: 0,
      path,
      weight: 1,
    }));
    expect(Math.min(...shares(name, given))).toBeGreaterThan(0.05);
  });
});

describe('when a server is out', () => {
  it.each(KEEP_OTHERS_KEYS)('%s leaves the keys of the others where they are', (name) => {
    const placement = createPlacement(name, fleet(1, 2, 3, 1, 2));
    for (const down of [0, 2]) {
      const moved = KEYS.filter((key) => {
        const index = placement.indexFor(key);
        return index !== down && placement.indexWithout(key, (other) => other === down) !== index;
      });
      expect(moved).toEqual([]);
    }
  });

  it.each(REDEALT_RINGS)('%s moves hardly a key of the others', (name) => {
    const placement = createPlacement(name, fleet(1, 1, 1, 1, 1, 1));
    const moved = KEYS.filter((key) => {
      const index = placement.indexFor(key);
      return index !== 2 && placement.indexWithout(key, (other) => other === 2) !== index;
    });
    expect(moved.length / KEYS.length).toBeLessThan(0.02);
  });

  it.each([...KEEP_OTHERS_KEYS, ...REDEALT_RINGS])('%s finds a server for its keys', (name) => {
    const placement = createPlacement(name, fleet(1, 1, 1, 1));
    const lost = KEYS.filter((key) => placement.indexWithout(key, (index) => index === 1) === -1);
    expect(lost).toEqual([]);
  });
});

describe('the distribution option', () => {
  it('refuses unknown names, with the nearest one', () => {
    expect(() => readDistribution('ketma' as 'ketama')).toThrow("did you mean 'ketama'?");
    expect(() => readDistribution({ type: 'modula' as 'modulo' })).toThrow(
      /^distribution\.type: expected one of/,
    );
    for (const wrong of [undefined, null, 7]) {
      expect(() => readDistribution(wrong as unknown as 'ketama')).toThrow(InvalidOptionsError);
    }
  });

  it('refuses options that its distribution does not have', () => {
    expect(() => readDistribution({ type: 'dalli', hash: 'md5' } as unknown as 'dalli')).toThrow(
      'distribution.hash: unknown option',
    );
    expect(() => readDistribution({ type: 'ketama', hash: 'sha256' } as unknown as 'ketama')).toThrow(
      'distribution.hash: expected one of',
    );
    expect(() => readDistribution({ type: 'twemproxy-ketama', hashTag: '{' })).toThrow(
      'distribution.hashTag',
    );
    expect(() => readDistribution({ type: 'ketama', sortHosts: 1 } as unknown as 'ketama')).toThrow(
      'distribution.sortHosts: expected true or false',
    );
  });

  it('tells where it stands', () => {
    expect(() => createPlacement('none' as 'dalli', [], 'stores.main.distribution')).toThrow(
      /^stores\.main\.distribution: /,
    );
  });

  it('is read once for lists of servers that change', () => {
    const placeAmong = readDistribution('python-memcached');
    expect(placeAmong(fleet(1)).indexFor('k')).toBe(0);
    expect(placeAmong(fleet(0, 1)).indexFor('k')).toBe(1);
  });
});

describe('hashTag', () => {
  const tagged = createPlacement({ type: 'twemproxy-ketama', hashTag: '{}' }, fleet(1, 1, 1, 1, 1));
  const plain = createPlacement('twemproxy-ketama', fleet(1, 1, 1, 1, 1));

  it.each([
    ['{user:1}:name', 'user:1'],
    ['a{b}{c}', 'b'],
    ['x{y', 'x{y'],
    ['x{}y{z}', 'x{}y{z}'],
    ['}x{y}', 'y'],
    ['{{a}}', '{a'],
    ['no tag', 'no tag'],
  ])('%s is placed by %s', (key, part) => {
    expect(tagged.indexFor(key)).toBe(plain.indexFor(part));
    expect(tagged.indexWithout(key, (index) => index === 0)).toBe(
      plain.indexWithout(part, (index) => index === 0),
    );
  });

  it('works with any distribution', () => {
    const placement = createPlacement({ type: 'rendezvous', hashTag: '<>' }, fleet(1, 1, 1, 1, 1));
    const indexes = KEYS.map((key) => placement.indexFor(`<same>${key}`));
    expect(new Set(indexes).size).toBe(1);
  });
});

describe('unhashedPrefix', () => {
  it('places a key as if it had no prefix', () => {
    const plain = createPlacement('ketama', fleet(1, 1, 1));
    const prefixed = createPlacement({ type: 'ketama', unhashedPrefix: 'app:' }, fleet(1, 1, 1));
    for (const key of KEYS.slice(0, 100)) {
      expect(prefixed.indexFor(`app:${key}`)).toBe(plain.indexFor(key));
      expect(prefixed.indexFor(key)).toBe(plain.indexFor(key));
    }
  });

  it('goes before a hash tag', () => {
    const placement = createPlacement(
      { type: 'ketama', unhashedPrefix: '{app}', hashTag: '{}' },
      fleet(1, 1, 1, 1, 1),
    );
    const plain = createPlacement('ketama', fleet(1, 1, 1, 1, 1));
    expect(placement.indexFor('{app}{user}:1')).toBe(plain.indexFor('user'));
  });
});

describe('warnings', () => {
  it.each<DistributionName>(['ketama', 'twemproxy-ketama', 'spymemcached-ketama', 'dalli', 'npm-memcached'])(
    '%s names the server whose weight is too small for a point',
    (name) => {
      const { warnings } = createPlacement(name, fleet(600, 1));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`'${name}' gives no key to 10.0.0.2:11211 with weight 1`);
      expect(shares(name, fleet(600, 1))[1]).toBe(0);
    },
  );

  it('name a server at the end of a list that python-memcached cannot reach', () => {
    const { warnings } = createPlacement('python-memcached', fleet(32_768, 5));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('gives no key to 10.0.0.2:11211 with weight 5');
    expect(createPlacement({ type: 'python-memcached', hash: 'crc32a' }, fleet(32_768, 5)).warnings).toEqual(
      [],
    );
  });

  it.each<DistributionName>(['ketama', 'libmemcached-consistent', 'npm-memcache-modula'])(
    '%s takes a weight of 0 for 1, and says so',
    (name) => {
      const { warnings } = createPlacement(name, fleet(1, 0));
      expect(warnings).toEqual([`distribution '${name}' takes the weight 0 of 10.0.0.2:11211 for 1`]);
      expect(shares(name, fleet(1, 0))[1]).toBeGreaterThan(0.2);
    },
  );

  it.each<DistributionName>([
    'python-memcached',
    'twemproxy-ketama',
    'twemproxy-modula',
    'dalli',
    'spymemcached-ketama',
    'npm-memcached',
    'npm-memcache-ketama',
  ])('%s gives a server of weight 0 no key', (name) => {
    expect(shares(name, fleet(1, 0))).toEqual([1, 0]);
    expect(createPlacement(name, fleet(1, 0)).warnings).toEqual([]);
  });
});
