import { ClientClosedError } from '../errors.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import { PlainRead } from './callers-reads.js';
import type { CacheParts } from './cache-parts.js';
import { isPlainHit, keepOf, unknownFinding, type Finding } from './finding.js';
import type { CacheReading } from './store.js';
import { NO_TAGS } from './tags.js';

/** Reads that compute nothing: what is there is fresh or, where that is good enough, stale. */
export class PlainReads {
  readonly #in: CacheParts;
  #closed = false;

  constructor(parts: CacheParts) {
    this.#in = parts;
  }

  /** @returns the value; undefined where there is none. */
  read(key: string, policy: ResolvedPolicy, stale: boolean): Promise<unknown> {
    const { events, reader, tags } = this.#in;
    if (this.#closed) return Promise.reject(closed(key));
    const kept = this.#in.near?.find(key, policy);
    if (kept !== undefined) return kept;
    if (policy.tags.length > 0 || !tags.areOfPolicies) return this.#readWithTags(key, policy, stale);
    const asked = new PlainRead(key, policy, events.hitAudience.hasSubscribers, stale);
    return reader.glanceFor(asked, this.#onAnswer);
  }

  /** Reads many keys in one trip. @returns their values, in the order of `keys`. */
  async readMany(keys: readonly string[], policy: ResolvedPolicy, stale: boolean): Promise<unknown[]> {
    const { near } = this.#in;
    if (this.#closed) throw closed(keys.join());
    if (near === undefined) return this.#readMany(keys, policy, stale);
    return near.findMany(keys, policy, (others) => this.#readMany(others, policy, stale));
  }

  close(): void {
    this.#closed = true;
  }

  /** One for all calls. */
  readonly #onAnswer = (answer: unknown): unknown => {
    if (!(answer instanceof PlainRead)) {
      this.#in.events.countHit();
      return answer;
    }
    const { key, policy, stale, reading, error } = answer;
    return reading === undefined
      ? this.#unanswered(key, policy, error)
      : this.#found(key, policy, stale, reading);
  };

  async #readMany(keys: readonly string[], policy: ResolvedPolicy, stale: boolean): Promise<unknown[]> {
    const { reader, tags } = this.#in;
    if (policy.tags.length > 0 || !tags.areOfPolicies) {
      const together = reader.together();
      return Promise.all(keys.map((key) => this.#readWithTags(key, policy, stale, together)));
    }
    const { values, others } = await reader.readEach(keys, policy, 'without rights');
    await Promise.all(
      Array.from(others, async ([index, { reading, error }]) => {
        values[index] = await (reading === undefined
          ? this.#unanswered(keys[index], policy, error)
          : this.#found(keys[index], policy, stale, reading));
      }),
    );
    return values;
  }

  async #readWithTags(
    key: string,
    policy: ResolvedPolicy,
    stale: boolean,
    together?: object,
  ): Promise<unknown> {
    return this.#shown(key, stale, await this.#in.reader.look(key, policy, 'without rights', together));
  }

  /** The value that was found, or its promise where it has tags that are to be read. */
  #found(key: string, policy: ResolvedPolicy, stale: boolean, reading: CacheReading): unknown {
    const { events, reader } = this.#in;
    if (isPlainHit(reading, policy)) {
      events.noteHit(key);
      return reading.value?.value;
    }
    const finding = reader.judge(key, policy, policy.tags, reading, NO_TAGS);
    return finding instanceof Promise
      ? finding.then((late) => this.#shown(key, stale, late))
      : this.#shown(key, stale, finding);
  }

  #unanswered(key: string, policy: ResolvedPolicy, error: unknown): unknown {
    const { clock, reader } = this.#in;
    reader.readFailed(key, policy, error, 'without rights');
    return this.#shown(key, false, unknownFinding(clock.now()));
  }

  #shown(key: string, stale: boolean, finding: Finding): unknown {
    const { events, reader } = this.#in;
    const { entry, right, state } = finding;
    // A value marked stale gives its right to whoever reads it, asked for or not; a fresh one would become stale by that.
    if (right === 'ours' && state !== 'fresh') reader.release(key, finding.cas, keepOf(finding));
    if (state === 'fresh' || (stale && state === 'stale')) {
      events.note(state === 'fresh' ? 'hit' : 'stale', key);
      return entry?.value;
    }
    events.missed(key, finding.reading);
    return undefined;
  }
}

function closed(key: string): ClientClosedError {
  return new ClientClosedError(`get "${key}": the cache was closed`);
}
