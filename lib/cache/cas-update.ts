import {
  CasConflictError,
  CodecError,
  ConnectionError,
  InvalidArgumentError,
  UnsupportedError,
} from '../errors.js';
import type { ResolvedPolicy, ResolvedUpdate } from '../options/cache-policy.js';
import { pause } from './pause.js';
import type { CacheParts } from './cache-parts.js';
import { updatedKind } from './entry.js';
import { KeyQueue, type Turn } from './key-queue.js';
import { storedTtl } from './load.js';
import type { SelfWait } from './self-wait.js';
import { judge, keepOf, type Finding } from './finding.js';
import type { TagVersion } from './store.js';
import { tagsOf, versionsOf } from './tags.js';

/** Returned by the function given to `update`: leave the value as it is. */
export const KEEP: unique symbol = Symbol.for('nestjs-memcached.keep');

/**
 * Computes the new value from the current one. Called again with the newer value when somebody else was quicker, so
 * it should do nothing else.
 *
 * @typeParam C what it gets: `undefined` as well when nothing may be stored and there is no `initial`.
 */
export type Updater<V, C = V | undefined> = (current: C) => V | typeof KEEP | Promise<V | typeof KEEP>;

/** The pause between attempts doubles up to so many times the first. */
const MAX_BACKOFF_GROWTH = 64;

/** How long an update may take until the next one of its key in this process goes on beside it, and contends. */
const PATIENCE_MS = 1000;

/** Changes values by compare-and-set. */
export class CasUpdates {
  readonly #in: CacheParts;
  readonly #queue: KeyQueue;
  readonly #selfWait: SelfWait;

  constructor(parts: CacheParts, selfWait: SelfWait) {
    this.#in = parts;
    this.#selfWait = selfWait;
    this.#queue = new KeyQueue(parts, PATIENCE_MS);
  }

  /**
   * Changes one value. Updates of one key within a process wait for each other, so that only processes contend.
   *
   * Everything is stored over what the attempt has read, a stub included: nothing that happened since, be it another
   * update, an invalidation or a load, is overwritten.
   *
   * @param policy by which others read the key: a new value bears its tags beside those of `options`, and what is there without
   *   them is nothing.
   * @param command how errors call it.
   * @returns the new value; on `KEEP` what `next` was given.
   * @throws {CasConflictError} when every attempt met a concurrent change.
   * @throws {CodecError} when what is there cannot be read: it is left alone.
   * @throws {InvalidArgumentError} out of an update of the same key, which it would wait for.
   * @throws {UnsupportedError} at once where the server has no cas tokens.
   */
  async run(
    key: string,
    next: Updater<unknown>,
    options: ResolvedUpdate,
    policy: ResolvedPolicy,
    command = 'update',
  ): Promise<unknown> {
    const label = `${command} "${key}"`;
    if (this.#selfWait.isWithin(key)) throw waitsForItself(command, key);
    this.#checkServer(key, label);
    const change = (turn: Turn): Promise<unknown> => this.#change(key, next, options, policy, turn, label);
    return this.#queue.run(key, change, options.signal);
  }

  async #change(
    key: string,
    next: Updater<unknown>,
    options: ResolvedUpdate,
    policy: ResolvedPolicy,
    turn: Turn,
    label: string,
  ): Promise<unknown> {
    for (let attempt = 1; attempt <= options.attempts; attempt += 1) {
      options.signal?.throwIfAborted();
      const result = await this.#attempt(key, this.#called(key, next, turn), options, policy, label);
      if (result !== undefined) return result.value;
      this.#in.events.note('casRetry', key);
      if (attempt < options.attempts) await this.#backOff(attempt, options);
    }
    const times = options.attempts === 1 ? 'the only attempt' : `each of ${options.attempts} attempts`;
    throw new CasConflictError(`${label}: a concurrent change came first in ${times}`, key, options.attempts);
  }

  /** The function, so that what it calls can be told from others; one that was overtaken may wait for the one that did. */
  #called(key: string, next: Updater<unknown>, turn: Turn): Updater<unknown> {
    if (turn.overtaken) return (current) => this.#selfWait.watch(key, () => next(current));
    return (current) => this.#selfWait.call(key, () => next(current));
  }

  /** @returns undefined when somebody else was quicker. */
  async #attempt(
    key: string,
    next: Updater<unknown>,
    options: ResolvedUpdate,
    policy: ResolvedPolicy,
    label: string,
  ): Promise<{ readonly value: unknown } | undefined> {
    const { aborts, clock, random, signs, store } = this.#in;
    const graceSeconds = options.graceSeconds ?? policy.graceSeconds;
    const readAt = clock.now();
    const looking = this.#look(key, graceSeconds, options, policy);
    const { finding, tags } = await aborts.of(looking, options.signal, (late) => {
      if (late.finding.right === 'ours') this.#giveBack(key, late.finding);
    });
    const there = finding.state === 'fresh';
    let stored = false;
    try {
      this.#checkAnswer(key, finding, label);
      const work = async (): Promise<{ current: unknown; value: unknown }> => {
        const current = there ? finding.entry?.value : await initialValue(options.initial);
        return { current, value: await next(current) };
      };
      const end = signs.keep(key, policy, finding.reading);
      const { current, value } = await aborts.of(work(), options.signal).finally(end);
      if (value === KEEP) {
        await store.confirmed?.(key);
        return { value: current };
      }
      if (value === undefined) {
        throw new InvalidArgumentError(
          `${label}: the new value is undefined; return KEEP to leave the value as it is`,
        );
      }
      const borne = there ? (finding.entry?.tags ?? []) : tags;
      const kind = updatedKind(value, there ? finding.entry : undefined, policy);
      const entry = { value, tags: borne, kind, graceSeconds };
      let keepSeconds: number;
      const isToldTtl = finding.ttlSeconds >= 0 || !store.hidesTtl?.(key);
      if (there && options.ttlSeconds === undefined && isToldTtl) {
        keepSeconds = handedOn(finding.ttlSeconds, clock.now() - readAt, random);
      } else {
        const ttlSeconds = storedTtl(value, options.ttlSeconds, policy);
        keepSeconds = ttlSeconds === 0 ? 0 : ttlSeconds + graceSeconds;
      }
      const writing = store.write(key, entry, keepSeconds, finding.cas);
      // Who was told that it was aborted has said that it has changed by then, and others may have read what was there again.
      const onLate = (): void => this.#in.near?.forget(key, true);
      stored = (await aborts.of(writing, options.signal, onLate)) === 'stored';
      return stored ? { value } : undefined;
    } finally {
      // A right that came with the read and was not used would keep others waiting for the rest of the lease.
      if (!stored && finding.right === 'ours') this.#giveBack(key, finding);
    }
  }

  /** Throws where there is no saying what is there: beginning anew would lose it. */
  #checkAnswer(key: string, { cas, reading }: Finding, label: string): void {
    if (cas === '' || this.#in.store.isAway(key)) {
      throw new ConnectionError(`${label}: its server is away, and took no part in it`, '', 'not-sent');
    }
    this.#checkServer(key, label);
    if (reading?.hit !== true || reading.value !== undefined) return;
    this.#in.events.note('unreadable', key);
    throw new CodecError(
      `${label}: what is stored there cannot be read by this process (another codec, another client, or a newer ` +
        'release?), and was left as it is; invalidate the key to begin anew',
    );
  }

  /** Throws where every attempt would be in vain. */
  #checkServer(key: string, label: string): void {
    const server = this.#in.store.serverWithoutCas(key);
    if (server === undefined) return;
    throw new UnsupportedError(
      `${label}: its server ${server} gives items no cas tokens, so that a concurrent change would be overwritten; ` +
        'start memcached without -C (--disable-cas)',
    );
  }

  async #look(
    key: string,
    graceSeconds: number,
    options: ResolvedUpdate,
    policy: ResolvedPolicy,
  ): Promise<{ finding: Finding; tags: readonly TagVersion[] }> {
    const { clock, reader, tags } = this.#in;
    const forNew = tags.requiredBeside(key, [...policy.tags, ...(options.tags ?? [])]);
    // With a lease: a missing value is then computed over a stub, which any invalidation removes.
    const { reading, states } = await reader.askWithTags(key, policy.leaseSeconds, forNew, tagsOf);
    return {
      finding: judge(reading, graceSeconds, states, tags.required(key, policy), clock.now()),
      tags: versionsOf(forNew, states),
    };
  }

  #giveBack(key: string, finding: Finding): void {
    // What cannot be read here may be of worth to another process.
    const unreadable = finding.reading?.hit === true && finding.reading.value === undefined;
    this.#in.reader.release(key, finding.cas, unreadable ? 'rest' : keepOf(finding));
  }

  /** Full jitter: at any contention, the pauses of those who contend spread over the whole of their bound. */
  #backOff(attempt: number, options: ResolvedUpdate): Promise<void> {
    const bound = options.backoffMs * Math.min(2 ** (attempt - 1), MAX_BACKOFF_GROWTH);
    const { aborts, clock, random } = this.#in;
    return pause(clock, random() * bound, options.signal, aborts);
  }
}

function waitsForItself(command: string, key: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${command}("${key}") is called out of an update of the same key, and would wait for itself; make one update of the two`,
  );
}

function initialValue(initial: unknown): unknown {
  return typeof initial === 'function' ? (initial as () => unknown)() : initial;
}

/**
 * The ttl that a value hands on to the one that replaces it.
 *
 * The store counts whole seconds and does not tell how much of the current one has gone. Rounding always one way
 * would, over thousands of updates, keep a counter alive for ever or end it at once; so the part of a second that has
 * passed between read and write is the probability with which a whole one is taken off.
 */
function handedOn(ttlSeconds: number, elapsedMs: number, random: () => number): number {
  if (ttlSeconds < 0) return 0;
  return Math.max(1, ttlSeconds - Math.floor(elapsedMs / 1000 + random()));
}
