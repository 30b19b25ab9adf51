import { InvalidArgumentError } from '../errors.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import type { Clock } from './clock.js';
import type { Tally } from './observer.js';
import { SameTurn } from './same-turn.js';
import { blindSight, judge, type Sight } from './sight.js';
import type { CacheReading, CacheStore } from './store.js';
import { NO_TAGS, type Tags, type TagStates } from './tags.js';

/** Reads entries with the versions of their tags, in one trip where the tags are known beforehand. */
export class Reader {
  readonly #store: CacheStore;
  readonly #clock: Clock;
  readonly #tally: Tally;
  readonly #tags: Tags;
  readonly #turn = new SameTurn<CacheReading>();

  constructor(store: CacheStore, clock: Clock, tally: Tally, tags: Tags) {
    this.#store = store;
    this.#clock = clock;
    this.#tally = tally;
    this.#tags = tags;
  }

  /** Reads an entry alone, asking for the rights that the policy grants a reader. One read per key and turn. */
  read(key: string, policy: ResolvedPolicy): Promise<CacheReading> {
    const { leaseSeconds, recacheSeconds } = policy;
    return this.#turn.get(key) ?? this.#turn.share(key, this.#store.read(key, leaseSeconds, recacheSeconds));
  }

  /** What begins from now on reads anew. */
  forget(key: string): void {
    this.#turn.forget(key);
  }

  /**
   * Reads an entry with its tags and judges it.
   *
   * A store that cannot be asked shows nothing, and is counted.
   *
   * @throws what the store throws, if the policy says so.
   */
  async look(
    key: string,
    policy: ResolvedPolicy,
    asking: 'for rights' | 'without rights' = 'for rights',
  ): Promise<Sight> {
    const { epoch } = this.#store;
    const required = this.#tags.required(key, policy);
    const expected = this.#tags.expected(key, required);
    const read = this.#reading(key, policy, asking === 'for rights');
    const [reading, states] =
      expected.length === 0
        ? [await read, NO_TAGS]
        : await Promise.all([read, this.#states(key, policy, expected)]);
    if (reading === undefined) return blindSight(this.#clock.now());
    return this.judge(key, policy, required, reading, states, epoch);
  }

  /** Judges what was read, with the states of tags read beside it; reads those it has tags for beyond them. */
  judge(
    key: string,
    policy: ResolvedPolicy,
    required: readonly string[],
    reading: CacheReading,
    beside: TagStates | undefined,
    epoch = this.#store.epoch,
  ): Sight | Promise<Sight> {
    const judged = (states: TagStates | undefined): Sight =>
      judge(reading, policy.graceSeconds, states, required, this.#clock.now(), epoch);
    if (beside === undefined || reading.value === undefined) return judged(beside);
    const others = reading.value.tags.map(({ tag }) => tag).filter((tag) => !beside.has(tag));
    if (others.length === 0) return judged(beside);
    return this.#states(key, policy, others).then((more) => judged(more && new Map([...beside, ...more])));
  }

  #reading(key: string, policy: ResolvedPolicy, asking: boolean): Promise<CacheReading | undefined> {
    const read = asking ? this.read(key, policy) : this.#store.read(key, 0, 0);
    return read.catch((error: unknown) => {
      this.excuse(key, policy, error);
      return undefined;
    });
  }

  async #states(
    key: string,
    policy: ResolvedPolicy,
    tags: readonly string[],
  ): Promise<TagStates | undefined> {
    try {
      return await this.#tags.states(tags);
    } catch (error) {
      this.excuse(key, policy, error);
      return undefined;
    }
  }

  /** Counts a failure of the store, and throws it if the policy says so. A key that no store takes is no such failure. */
  excuse(key: string, policy: ResolvedPolicy, error: unknown): void {
    if (error instanceof InvalidArgumentError) throw error;
    this.#tally.note('storeError', key, error);
    if (policy.throwStoreErrors) throw error;
  }
}
