import type { CustomDistribution } from '../custom-distribution.js';
import { InvalidOptionsError } from '../errors.js';

/**
 * Hashes by the names libmemcached and twemproxy give them.
 *
 * Beware of two: `crc32` is twemproxy's name for libmemcached's `crc`, 15 bits of a CRC-32; the whole CRC-32 is `crc32a`.
 */
export type HashName =
  | 'default'
  | 'one_at_a_time'
  | 'md5'
  | 'crc'
  | 'crc16'
  | 'crc32'
  | 'crc32a'
  | 'fnv1_32'
  | 'fnv1a_32'
  | 'fnv1_64'
  | 'fnv1a_64'
  | 'hsieh'
  | 'murmur'
  | 'murmur3'
  | 'jenkins';

/** A hash by its name, or a function of your own from a key to a number, of which 32 bits count. */
export type HashOption = HashName | ((key: string) => number);

/** spymemcached's `DefaultHashAlgorithm`: `native` is its `NATIVE_HASH`, `md5` its `KETAMA_HASH`. */
export type SpymemcachedHashName = 'native' | 'crc' | 'fnv1_32' | 'fnv1a_32' | 'fnv1_64' | 'fnv1a_64' | 'md5';

/** Options that every named distribution takes besides its own. */
export interface CommonDistributionOptions {
  /**
   * Two characters, such as `'{}'`: of a key that has something between them only that is hashed,
   * so that `{user:1}:name` and `{user:1}:cart` live on one server. twemproxy's `hash_tag`.
   *
   * @default none: the whole key is hashed
   */
  hashTag?: string | undefined;
  /**
   * What a key's hash leaves out at its start. For keys with a prefix shared with libmemcached (unless it has
   * `HASH_WITH_PREFIX_KEY`) or pymemcache, which do not hash theirs.
   *
   * @default none
   */
  unhashedPrefix?: string | undefined;
}

export interface SortHosts {
  /**
   * libmemcached's `SORT_HOSTS`: the servers are sorted by host, then port, before anything else.
   *
   * @default false
   */
  sortHosts?: boolean | undefined;
}

/** libmemcached's `BEHAVIOR_KETAMA_WEIGHTED`, which is `OPT_LIBKETAMA_COMPATIBLE` in PHP. */
export interface KetamaOptions extends CommonDistributionOptions, SortHosts {
  type: 'ketama';
  /**
   * Hash of the keys; points are MD5 whatever it is, as when `BEHAVIOR_HASH` is set after `KETAMA_WEIGHTED`.
   *
   * @default 'md5'
   */
  hash?: HashOption | undefined;
  /**
   * Label points `/host:port`, as libmemcached's `DISTRIBUTION_CONSISTENT_KETAMA_SPY` does.
   *
   * @default false
   */
  spyLabels?: boolean | undefined;
}

/** libmemcached's `DISTRIBUTION_CONSISTENT`, which is `DISTRIBUTION_CONSISTENT` in PHP without `OPT_LIBKETAMA_COMPATIBLE`. */
export interface LibmemcachedConsistentOptions extends CommonDistributionOptions, SortHosts {
  type: 'libmemcached-consistent';
  /**
   * Hash of the keys and, while weights do not count, of the points.
   *
   * @default 'default', which is one_at_a_time
   */
  hash?: HashOption | undefined;
  /**
   * libmemcached's own trap. Where the distribution was set before the servers were added, a weight above 1 switches
   * weighted MD5 points on (`auto`); where it was set after, weights do not count (`ignore`).
   *
   * @default 'auto'
   */
  weights?: 'auto' | 'ignore' | undefined;
}

/** libmemcached's default: the hash modulo the number of servers. Weights do not count. */
export interface LibmemcachedModulaOptions extends CommonDistributionOptions, SortHosts {
  type: 'libmemcached-modula';
  /** @default 'default', which is one_at_a_time */
  hash?: HashOption | undefined;
}

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
  hash?: HashName | ((key: string) => number | bigint) | undefined;
}

/** pymemcache's `HashClient`: the server whose name hashes highest together with the key. Weights do not count. */
export interface RendezvousOptions extends CommonDistributionOptions {
  type: 'rendezvous';
  /**
   * The pymemcache applications give their keys as `bytes`: Python hashes those as `b'…'`, text and all, so that
   * they live elsewhere than the same key given as `str`.
   *
   * @default false
   */
  bytesKeys?: boolean | undefined;
}

/** twemproxy's (nutcracker's) `distribution: ketama`: weighted ketama, also where all weights are equal. */
export interface TwemproxyKetamaOptions extends CommonDistributionOptions {
  type: 'twemproxy-ketama';
  /**
   * twemproxy's `hash`.
   *
   * @default 'fnv1a_64'
   */
  hash?: HashOption | undefined;
}

/** twemproxy's `distribution: modula`: the hash modulo a weighted list of servers, sorted by name. */
export interface TwemproxyModulaOptions extends CommonDistributionOptions {
  type: 'twemproxy-modula';
  /**
   * twemproxy's `hash`.
   *
   * @default 'fnv1a_64'
   */
  hash?: HashOption | undefined;
}

/** Ruby's Dalli: a ring of SHA-1 points that is searched backwards. */
export interface DalliOptions extends CommonDistributionOptions {
  type: 'dalli';
}

/** Java's spymemcached as it comes, `ArrayModNodeLocator`: the hash modulo the number of servers. Weights do not count. */
export interface SpymemcachedModuloOptions extends CommonDistributionOptions {
  type: 'spymemcached-modulo';
  /** @default 'native' */
  hash?: SpymemcachedHashName | undefined;
}

/** Java's spymemcached with `KetamaNodeLocator`, as from `KetamaConnectionFactory`. */
export interface SpymemcachedKetamaOptions extends CommonDistributionOptions {
  type: 'spymemcached-ketama';
  /** @default 'md5' */
  hash?: SpymemcachedHashName | undefined;
  /**
   * Points labelled `host` or `host:port` (`KetamaNodeKeyFormatter.Format.LIBMEMCACHED`) in place of `host:port` always.
   * spymemcached labels a server given by name `name/10.0.0.1:11211`: give it that text as its `name` here.
   *
   * @default false
   */
  libmemcachedLabels?: boolean | undefined;
  /**
   * Whether spymemcached was given a map of weights. `auto`: when some weight is not 1.
   *
   * @default 'auto'
   */
  weights?: 'auto' | 'ignore' | undefined;
}

/** npm memcached (3rd-Eden), whose ring is npm hashring's. */
export interface NpmMemcachedOptions extends CommonDistributionOptions {
  type: 'npm-memcached';
  /**
   * Its option of the same name: `hash_ring` imitates Python's hash_ring, with the port always in the label and
   * three points to a digest.
   *
   * @default 'ketama'
   */
  compatibility?: 'ketama' | 'hash_ring' | undefined;
}

/** npm memjs: Java's string hash modulo the number of servers. Weights do not count. */
export interface MemjsOptions extends CommonDistributionOptions {
  type: 'memjs';
}

/** npm memcache (jaredwray) with its default, `ketama`; not akin to libmemcached's but for the name. */
export interface NpmMemcacheKetamaOptions extends CommonDistributionOptions {
  type: 'npm-memcache-ketama';
  /**
   * The digest that its `KetamaHash` was given.
   *
   * @default none: its own FNV-1a
   */
  hash?: 'md5' | 'sha1' | undefined;
}

/** npm memcache (jaredwray) with `modula`: the hash modulo a weighted list of servers. */
export interface NpmMemcacheModulaOptions extends CommonDistributionOptions {
  type: 'npm-memcache-modula';
  /**
   * The digest that its `ModulaHash` was given.
   *
   * @default none: its own FNV-1a
   */
  hash?: 'md5' | 'sha1' | undefined;
}

/** A distribution with options of its own. */
export type DistributionOptions =
  | KetamaOptions
  | LibmemcachedConsistentOptions
  | LibmemcachedModulaOptions
  | PythonMemcachedOptions
  | RendezvousOptions
  | TwemproxyKetamaOptions
  | TwemproxyModulaOptions
  | DalliOptions
  | SpymemcachedModuloOptions
  | SpymemcachedKetamaOptions
  | NpmMemcachedOptions
  | MemjsOptions
  | NpmMemcacheKetamaOptions
  | NpmMemcacheModulaOptions;

/** The client whose way of placing keys is meant. */
export type DistributionName = DistributionOptions['type'];

/** How keys are placed among the servers: by a name, by a name with options, or by a function of your own. */
export type DistributionOption = DistributionName | DistributionOptions | CustomDistribution;

/**
 * Reads the option as it is now, whatever becomes of the object later. What the distribution of that name takes is known by
 * whoever places keys.
 *
 * @throws {InvalidOptionsError}
 */
export function frozenDistribution(value: unknown, path: string): DistributionOption {
  if (typeof value === 'string' || typeof value === 'function') return value as DistributionOption;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.freeze({ ...(value as DistributionOptions) });
  }
  throw new InvalidOptionsError(path, 'expected a name, an object with a type, or a function');
}
