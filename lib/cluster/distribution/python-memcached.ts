import { type Reader, withDefault } from '../../options/schema.js';
import { type CommonDistributionOptions, family } from './family.js';
import { type HashName, keyHash, readHash } from './hash/named.js';
import type { KeyHash } from './hash/hash.js';
import { withoutPoints } from './warnings.js';
import { WeightedList } from './weighted-list.js';

/** python-memcached's `_SERVER_RETRIES`. */
const TRIES = 10;

/** The largest value of its usual hash. */
const MAX_USUAL_HASH = 0x7fff;

/** python-memcached's weighted list of servers. */
export interface PythonMemcachedOptions extends CommonDistributionOptions {
  /** `modulo` is another name for the same. */
  type: 'python-memcached' | 'modulo';
  /**
   * Hash of the keys. `crc32a` is what python-memcached uses after `useOldServerHashFunction()`. A function of your own
   * stands for its keys that are tuples of a hash and a key; it may return any whole number, also a negative one.
   *
   * @default 'crc', with 1 in place of 0
   */
  hash?: HashName | ((key: string) => number | bigint);
}

type Resolved = Omit<Required<PythonMemcachedOptions>, 'type' | keyof CommonDistributionOptions>;

export const pythonMemcached = family<Resolved>(
  { hash: withDefault(readHash as Reader<Resolved['hash']>, 'crc') },
  (servers, { hash }) => {
    const list = new WeightedList(servers.map(({ weight }, owner) => ({ owner, weight })));
    const length = BigInt(list.length);
    // What a failed try hashes next is never the user's function but the library's.
    const hashOf = namedHash(typeof hash === 'function' ? 'crc' : hash);
    const at = (value: number): number => (list.length === 0 ? -1 : list.ownerAt(value % list.length));
    const atAny = (value: bigint): number =>
      list.length === 0 ? -1 : list.ownerAt(Number(((value % length) + length) % length));
    return {
      indexFor:
        typeof hash === 'function' ? (key) => atAny(BigInt(hash(key))) : (key) => at(hashOf(key) >>> 0),
      indexWithout: (key, isDown) => {
        const first = typeof hash === 'function' ? BigInt(hash(key)) : BigInt(hashOf(key) >>> 0);
        let value = first;
        for (let attempt = 0; attempt < TRIES; attempt += 1) {
          const index = atAny(value);
          if (index === -1 || !isDown(index)) return index;
          value = BigInt(hashOf(`${value}${attempt}`) >>> 0);
        }
        return -1;
      },
      warnings: typeof hash === 'function' || hash === 'crc32a' ? [] : outOfReach(servers),
    };
  },
);

/** The usual hash has 1 in place of 0; python-memcached does that to no other. */
function namedHash(hash: HashName): KeyHash {
  const hashOf = keyHash(hash);
  return hash === 'crc' || hash === 'crc32' ? (key) => hashOf(key) || 1 : hashOf;
}

/** A list longer than the hash is wide has an end that no key reaches. */
function outOfReach(servers: readonly { host: string; port: number; weight: number }[]): string[] {
  let start = 0;
  const reachable = servers.map(({ weight }) => {
    const within = Math.max(0, Math.min(weight, MAX_USUAL_HASH + 1 - start));
    start += weight;
    return within;
  });
  return withoutPoints(
    'python-memcached',
    servers,
    reachable,
    `the weights before it add up to more than its hash of 15 bits can reach, ${MAX_USUAL_HASH}; use smaller ones`,
  );
}
