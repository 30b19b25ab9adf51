import type { OwnerOf } from '../../custom-distribution.js';
import type {
  CommonDistributionOptions,
  HashName,
  PythonMemcachedOptions,
} from '../../options/distribution-options.js';
import { type Reader, withDefault } from '../../options/schema.js';
import { givenWeights } from './counted-weights.js';
import { family } from './family.js';
import { keyHash, readHash } from './hash/named.js';
import type { KeyHash } from './hash/hash.js';
import { withoutPoints } from './warnings.js';
import { WeightedList } from './weighted-list.js';

/** python-memcached's `_SERVER_RETRIES`, the first try among them. */
const TRIES = 10;

/** The largest value of its usual hash. */
const MAX_USUAL_HASH = 0x7fff;

const OUT_OF_REACH = `the weights before it add up to more than its hash of 15 bits can reach, ${MAX_USUAL_HASH}; use smaller ones`;

type Resolved = Omit<Required<PythonMemcachedOptions>, 'type' | keyof CommonDistributionOptions>;

export const pythonMemcached = family<Resolved>(
  { hash: withDefault(readHash as Reader<Resolved['hash']>, 'crc') },
  (servers, { hash }) => {
    const weights = isUsual(hash) ? withinReach(servers) : givenWeights(servers);
    const list = new WeightedList(servers.map(({ weight }, owner) => ({ owner, weight })));
    // What a failed try hashes is never left to the user's function, but to the library's.
    const hashOf = namedHash(typeof hash === 'function' ? 'crc' : hash);
    const valueOf =
      typeof hash === 'function' ? (key: string) => BigInt(hash(key)) : (key: string) => hashOf(key) >>> 0;
    const indexFor: OwnerOf = (key) => ownerOf(list, valueOf(key));
    return {
      indexFor,
      indexWithout: (key, isDown) => {
        const first = indexFor(key);
        if (first === -1 || !isDown(first)) return first;
        let value: number | bigint = valueOf(key);
        for (let attempt = 0; attempt < TRIES - 1; attempt += 1) {
          value = hashOf(`${value}${attempt}`) >>> 0;
          const index = ownerOf(list, value);
          if (!isDown(index)) return index;
        }
        return -1;
      },
      weights,
      warnings: withoutPoints('python-memcached', servers, weights, OUT_OF_REACH),
    };
  },
);

/** The server at the remainder of a value, which is never negative in Python. */
function ownerOf(list: WeightedList, value: number | bigint): number {
  if (typeof value === 'number') return list.length === 0 ? -1 : list.ownerAt(value % list.length);
  const length = BigInt(list.length);
  return length === 0n ? -1 : list.ownerAt(Number(((value % length) + length) % length));
}

function isUsual(hash: Resolved['hash']): boolean {
  return hash === 'crc' || hash === 'crc32';
}

/** The usual hash has 1 in place of 0; python-memcached does that to no other. */
function namedHash(hash: HashName): KeyHash {
  const hashOf = keyHash(hash);
  return isUsual(hash) ? (key) => hashOf(key) || 1 : hashOf;
}

/** The places of each server that a key reaches: a list longer than the hash is wide has an end that none does. */
function withinReach(servers: readonly { weight: number }[]): number[] {
  let start = 0;
  return servers.map(({ weight }) => {
    const within = Math.max(0, Math.min(weight, MAX_USUAL_HASH + 1 - start));
    start += weight;
    return within;
  });
}
