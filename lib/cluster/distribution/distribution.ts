import type { DistributionServer } from '../../custom-distribution.js';
import {
  frozenDistribution,
  type DistributionName,
  type DistributionOption,
} from '../../options/distribution-options.js';
import { oneOf } from '../../options/schema.js';
import { custom } from './custom.js';
import { dalli } from './dalli.js';
import type { Family } from './family.js';
import { ketama, libmemcachedConsistent, libmemcachedModula } from './libmemcached.js';
import { memjs } from './memjs.js';
import { npmMemcacheKetama, npmMemcacheModula } from './npm-memcache.js';
import { npmMemcached } from './npm-memcached.js';
import type { Placement } from './placement.js';
import { pythonMemcached } from './python-memcached.js';
import { rendezvous } from './rendezvous.js';
import { spymemcachedKetama, spymemcachedModulo } from './spymemcached.js';
import { twemproxyKetama, twemproxyModula } from './twemproxy.js';

const FAMILIES: Readonly<Record<DistributionName, Family>> = {
  ketama,
  'libmemcached-consistent': libmemcachedConsistent,
  'libmemcached-modula': libmemcachedModula,
  'python-memcached': pythonMemcached,
  modulo: pythonMemcached,
  rendezvous,
  'twemproxy-ketama': twemproxyKetama,
  'twemproxy-modula': twemproxyModula,
  dalli,
  'spymemcached-modulo': spymemcachedModulo,
  'spymemcached-ketama': spymemcachedKetama,
  'npm-memcached': npmMemcached,
  memjs,
  'npm-memcache-ketama': npmMemcacheKetama,
  'npm-memcache-modula': npmMemcacheModula,
};

/** Every name `distribution` takes. */
export const DISTRIBUTION_NAMES = Object.keys(FAMILIES) as readonly DistributionName[];

/**
 * Decides where keys go among `servers`.
 *
 * @param path where the option stands, for messages.
 * @throws {InvalidOptionsError} for an unknown name or option, a weight that is not a whole number,
 * or weights that would make a ring of more than two million points.
 */
export function createPlacement(
  option: DistributionOption,
  servers: readonly DistributionServer[],
  path = 'distribution',
): Placement {
  return readDistribution(option, path)(servers);
}

/**
 * Reads the option once, for lists of servers that may change.
 *
 * @throws {InvalidOptionsError} for an unknown name or option.
 */
export function readDistribution(
  option: DistributionOption,
  path = 'distribution',
): (servers: readonly DistributionServer[]) => Placement {
  const read = frozenDistribution(option, path);
  if (typeof read === 'function') return (servers) => custom(read, servers, path);
  const name = oneOf(...DISTRIBUTION_NAMES);
  if (typeof read === 'string') return FAMILIES[name(read, path)].configure({ type: read }, path);
  return FAMILIES[name(read.type, `${path}.type`)].configure(read, path);
}
