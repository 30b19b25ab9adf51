import type { AbortWatch } from '../abort-watch.js';
import type { NearReads } from './near-reads.js';
import type { CacheEvents } from './cache-events.js';
import type { CacheTracing } from './cache-tracing.js';
import type { Clock } from './clock.js';
import type { EntryReader } from './entry-reader.js';
import type { LeaseWatch } from './lease-watch.js';
import type { Order } from './order.js';
import type { Polling } from './polling.js';
import type { RetryPause } from './retry-pause.js';
import type { SignsOfLife } from './signs-of-life.js';
import type { CacheStore } from './store.js';
import type { Tags } from './tags.js';

/** What the parts of one cache share. */
export interface CacheParts {
  readonly store: CacheStore;
  readonly clock: Clock;
  /** The signals of calls. */
  readonly aborts: AbortWatch;
  readonly random: () => number;
  readonly events: CacheEvents;
  readonly tracing: CacheTracing;
  readonly order: Order;
  readonly tags: Tags;
  readonly reader: EntryReader;
  readonly watch: LeaseWatch;
  readonly retryPause: RetryPause;
  readonly polling: Polling;
  readonly signs: SignsOfLife;
  /** undefined = there is no near cache. */
  readonly near: NearReads | undefined;
}
