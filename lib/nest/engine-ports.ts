import { AsyncResource } from 'node:async_hooks';
import type { CachePorts } from '../cache/cache-ports.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import { audiencesOf, publishing } from './cache-diagnostics.js';
import type { KeyGroups } from './instance/key-groups.js';
import type { UncachedCalls } from './instance/uncached-calls.js';
import { tracingOn } from './trace-channels.js';

/**
 * What a cache takes from the application around it: whom it tells what it does, and where it does what is nobody's.
 *
 * @param debug whether the log is told of everything.
 */
export function enginePorts(
  { diagnosticKeys: withKeys, instance }: ResolvedClientOptions,
  debug: boolean,
  groups: KeyGroups,
  uncached: UncachedCalls,
): CachePorts {
  // Begun while the application starts, outside of every request's async context.
  const outside = new AsyncResource('nestjs-memcached');
  const naming = { withKeys, instance, groups };
  return {
    outside: (work) => outside.runInAsyncScope(work),
    observer: uncached.observing(publishing(naming, debug)),
    audiences: audiencesOf(debug),
    tracing: tracingOn(naming),
  };
}
