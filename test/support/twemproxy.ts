import { hasTwemproxy } from '../../scripts/twemproxy.mjs';
import { describeWith } from './describe-with.js';
import { hasMemcached } from './real-memcached.js';

/** A `describe` for tests that need twemproxy, and memcached behind it. */
export function describeTwemproxy(name: string, tests: () => void): void {
  describeWith({ memcached: hasMemcached(), 'nutcracker (twemproxy)': hasTwemproxy() }, name, tests);
}
