import type { ResolvedPolicy } from '../../options/cache-policy.js';

/** What a request needs to be answered from the cache. */
export interface Place {
  readonly key: string;
  /** Request headers in the key, in lower case. */
  readonly headers: readonly string[];
  readonly policy: ResolvedPolicy;
  /** The method is to run, whatever is stored. */
  readonly isForced: boolean;
}
