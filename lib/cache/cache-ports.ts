import type { CacheAudiences, CacheObserver } from './cache-events.js';
import type { CacheTracing } from './cache-tracing.js';
import type { Clock } from './clock.js';

/** What a cache takes from its surroundings. */
export interface CachePorts {
  /** @default the clock and the timers of this process */
  clock?: Clock;

  /** A number from 0 up to, not including, 1. @default Math.random */
  random?: () => number;

  /** Is told of everything that happens. @default nobody */
  observer?: CacheObserver;

  /** Of what has an audience here, the observer is told only while that has subscribers. @default nothing has */
  audiences?: CacheAudiences;

  /** Traces calls and loads. @default nobody */
  tracing?: CacheTracing;

  /**
   * Runs what all calls share, such as timers that renew, so that it does not run in the async context of the call that
   * happened to begin it. Loaders run in the context of their caller.
   *
   * @default runs it as it is
   */
  outside?: <T>(work: () => T) => T;
}
