import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { EntryAsker, CacheReading } from './store.js';

/** Many reads of one call, all asked alike: of one that brings a value and no more, nothing is made but that. */
export class ReadTogether implements EntryAsker {
  readonly policy: ResolvedPolicy;
  readonly wantsAll = false;

  constructor(policy: ResolvedPolicy) {
    this.policy = policy;
  }

  found(reading: CacheReading): ReadAnswer {
    return new ReadAnswer(reading, undefined);
  }

  failed(error: unknown): ReadAnswer {
    return new ReadAnswer(undefined, error);
  }
}

/** What came of one of them that brought more than a value, or none. */
export class ReadAnswer {
  /** @param reading undefined where the store could not be asked. */
  constructor(
    readonly reading: CacheReading | undefined,
    readonly error: unknown,
  ) {}
}

/** What came of all of them. */
export interface ReadAnswers {
  /** By the position of its key: the value of each that needs no second look, undefined in place of the others. */
  readonly values: unknown[];
  readonly others: ReadonlyMap<number, ReadAnswer>;
}
