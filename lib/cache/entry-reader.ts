import { InvalidArgumentError } from '../errors.js';
import type { ResolvedPolicy } from '../options/cache-policy.js';
import { fits, type StandardSchema } from '../options/standard-schema.js';
import { ReadAnswer, ReadTogether, type ReadAnswers } from './read-together.js';
import { LoadingRead, type PlainRead } from './callers-reads.js';
import type { Clock } from './clock.js';
import type { CacheEvents } from './cache-events.js';
import { TurnReads } from './turn-reads.js';
import { isPlainHit, judge, unknownFinding, type Finding } from './finding.js';
import type { NearReads } from './near-reads.js';
import { isHitForMiss, type CacheReading, type CacheStore } from './store.js';
import { NO_TAGS, type Tags, type TagStates } from './tags.js';

/** Reads entries with the versions of their tags, in one trip where the tags are known beforehand. */
export class EntryReader {
  readonly #store: CacheStore;
  readonly #clock: Clock;
  readonly #events: CacheEvents;
  readonly #tags: Tags;
  readonly #turn = new TurnReads<Promise<CacheReading> | LoadingRead>();

  readonly #isUsed: (key: string, cas: string) => boolean;
  readonly #near: NearReads | undefined;

  /** @param isUsed whether a load of this process uses a right, named by its cas. */
  constructor(
    store: CacheStore,
    clock: Clock,
    events: CacheEvents,
    tags: Tags,
    isUsed: (key: string, cas: string) => boolean,
    near: NearReads | undefined,
  ) {
    this.#near = near;
    this.#store = store;
    this.#isUsed = isUsed;
    this.#clock = clock;
    this.#events = events;
    this.#tags = tags;
  }

  /** Reads an entry alone, asking for the rights that the policy grants a reader. One read per key and turn. */
  read(key: string, policy: ResolvedPolicy, together?: object): Promise<CacheReading> {
    if (policy.share === 'copy') return this.#begin(key, policy, together);
    const { reads } = this.#turn;
    const known = reads.get(key);
    if (known !== undefined) return known instanceof LoadingRead ? known.askForAll() : known;
    if (reads.size === 0) this.#turn.begin();
    const read = this.#begin(key, policy, together);
    reads.set(key, read);
    return read;
  }

  /** Reads an entry for one call, as `read` does. @param then what is done with the value, or with the call once it has been told. */
  readFor(asked: LoadingRead, then: (answer: unknown) => unknown): Promise<unknown> {
    const answer = this.#askLoading(asked);
    if (answer !== undefined) return answer.then(then);
    return answerCall(this.read(asked.key, asked.policy), asked, then);
  }

  /** The same for a call that asks for no rights; see `glance`. */
  glanceFor(asked: PlainRead, then: (answer: unknown) => unknown): Promise<unknown> {
    const { key, policy } = asked;
    const answer = this.#takesMore(policy) ? undefined : this.#store.ask?.(key, 0, 0, asked);
    return answer?.then(then) ?? answerCall(this.glance(key, policy), asked, then);
  }

  #askLoading(asked: LoadingRead): Promise<unknown> | undefined {
    const { key, policy } = asked;
    if (this.#takesMore(policy)) return undefined;
    const { leaseSeconds, recacheSeconds } = policy;
    if (policy.share === 'copy') return this.#store.ask?.(key, leaseSeconds, recacheSeconds, asked);
    const { reads } = this.#turn;
    if (reads.has(key)) return undefined;
    if (reads.size === 0) this.#turn.begin();
    asked.answer = this.#store.ask?.(key, leaseSeconds, recacheSeconds, asked);
    if (asked.answer !== undefined) reads.set(key, asked);
    return asked.answer;
  }

  /** Whether a value does not come from the store alone, or has to be looked at. */
  #takesMore({ nearMs, schema }: ResolvedPolicy): boolean {
    return schema !== undefined || (this.#near !== undefined && nearMs > 0);
  }

  #begin(key: string, policy: ResolvedPolicy, together: object | undefined): Promise<CacheReading> {
    const { leaseSeconds, recacheSeconds, schema } = policy;
    if (this.#near !== undefined && policy.nearMs > 0) {
      return this.#beginNear(this.#near, key, policy, leaseSeconds, recacheSeconds, together);
    }
    const read = this.#store.read(key, leaseSeconds, recacheSeconds, together);
    return schema === undefined ? read : checked(read, schema);
  }

  #beginNear(
    near: NearReads,
    key: string,
    policy: ResolvedPolicy,
    leaseSeconds: number,
    recacheSeconds: number,
    together: object | undefined,
  ): Promise<CacheReading> {
    const { schema } = policy;
    const areTagged = policy.tags.length > 0 || !this.#tags.areOfPolicies;
    return near.read(key, policy, areTagged, (keep) => {
      const read = this.#store.read(key, leaseSeconds, recacheSeconds, together, keep);
      return schema === undefined ? read : checked(read, schema);
    });
  }

  /** Reads an entry alone, and asks for no rights. */
  glance(key: string, policy: ResolvedPolicy, together?: object): Promise<CacheReading> {
    if (this.#near !== undefined && policy.nearMs > 0) {
      return this.#beginNear(this.#near, key, policy, 0, 0, together);
    }
    const read = this.#store.read(key, 0, 0, together);
    return policy.schema === undefined ? read : checked(read, policy.schema);
  }

  /** Begins reads of many keys for one caller. */
  together(): object | undefined {
    return this.#store.together?.();
  }

  /** `read` of many keys, or `glance`, in one trip; counts the hits that need no second look. */
  async readEach(keys: readonly string[], policy: ResolvedPolicy, asking: Asking): Promise<ReadAnswers> {
    const together = this.together();
    const asked = new ReadTogether(policy);
    const answers = await Promise.all(keys.map((key) => this.#askOneOfMany(key, asked, asking, together)));
    const others = new Map<number, ReadAnswer>();
    const values = answers.map((answer, index) => {
      if (!(answer instanceof ReadAnswer)) return answer;
      const { reading } = answer;
      if (reading !== undefined && isPlainHit(reading, policy)) return reading.value?.value;
      others.set(index, answer);
      return undefined;
    });
    this.#events.noteEach('hit', others.size === 0 ? keys : keys.filter((_key, index) => !others.has(index)));
    return { values, others };
  }

  #askOneOfMany(
    key: string,
    asked: ReadTogether,
    asking: Asking,
    together: object | undefined,
  ): Promise<unknown> {
    const { policy } = asked;
    const asksForRights = asking === 'for rights';
    // What asks for rights may be the read of other calls of this turn, too.
    if (!this.#takesMore(policy) && (!asksForRights || policy.share === 'copy')) {
      const [lease, recache] = asksForRights ? [policy.leaseSeconds, policy.recacheSeconds] : [0, 0];
      const answer = this.#store.ask?.(key, lease, recache, asked, together);
      if (answer !== undefined) return answer;
    }
    const read = asksForRights ? this.read(key, policy, together) : this.glance(key, policy, together);
    return read.then(
      (reading) => asked.found(reading),
      (error: unknown) => asked.failed(error),
    );
  }

  /**
   * Reads an entry as `ask` does, and the states of tags beside it: of those named, and of those that `alsoOf` names once it is
   * known what is there. A right that came with it is not left behind where these cannot be read.
   */
  async askWithTags(
    key: string,
    leaseSeconds: number,
    tags: readonly string[],
    alsoOf: (reading: CacheReading) => readonly string[] = () => [],
  ): Promise<{ readonly reading: CacheReading; readonly states: TagStates }> {
    const read = this.ask(key, leaseSeconds);
    const beside = tags.length === 0 ? NO_TAGS : this.#tags.states(tags);
    return this.#orGivenBack(key, read, async () => {
      const [reading, known] = await Promise.all([read, beside]);
      const others = alsoOf(reading).filter((tag) => !known.has(tag));
      if (others.length === 0) return { reading, states: known };
      return { reading, states: new Map([...known, ...(await this.#tags.states(others))]) };
    });
  }

  /** Reads an entry alone, and with a lease unless that is 0. What the read is given is not left behind where the answer is lost. */
  async ask(key: string, leaseSeconds: number, schema?: StandardSchema): Promise<CacheReading> {
    try {
      const read = this.#store.read(key, leaseSeconds, 0);
      return await (schema === undefined ? read : checked(read, schema));
    } catch (error) {
      this.#disown(key, error, leaseSeconds);
      throw error;
    }
  }

  /** What begins from now on reads anew, the key or all. */
  forget(key?: string): void {
    if (key === undefined) this.#turn.reads.clear();
    else this.#turn.reads.delete(key);
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
    asking: Asking = 'for rights',
    together?: object,
  ): Promise<Finding> {
    const required = this.#tags.required(key, policy);
    const expected = this.#tags.expected(key, required);
    const read = this.#reading(key, policy, asking, together);
    const [reading, states] =
      expected.length === 0
        ? [await read, NO_TAGS]
        : await this.#orGivenBack(key, read, () => Promise.all([read, this.#states(key, policy, expected)]));
    if (reading === undefined) return unknownFinding(this.#clock.now());
    return this.judge(key, policy, required, reading, states);
  }

  /** Judges what was read, with the states of tags read beside it; reads those it has tags for beyond them. */
  judge(
    key: string,
    policy: ResolvedPolicy,
    required: readonly string[],
    reading: CacheReading,
    beside: TagStates | undefined,
  ): Finding | Promise<Finding> {
    const judged = (states: TagStates | undefined): Finding => {
      const finding = judge(reading, policy.graceSeconds, states, required, this.#clock.now());
      if (finding.state === 'fresh' && finding.right === 'free') this.#near?.keep(key, policy, reading);
      return finding;
    };
    if (beside === undefined || reading.value === undefined) return judged(beside);
    const others = reading.value.tags.map(({ tag }) => tag).filter((tag) => !beside.has(tag));
    if (others.length === 0) return judged(beside);
    const asked = this.#clock.now();
    return this.#states(key, policy, others).then(
      (more) => {
        const finding = judged(more && new Map([...beside, ...more]));
        return { ...finding, tagsMs: this.#clock.now() - asked };
      },
      (error: unknown) => {
        this.giveBack(key, reading);
        throw error;
      },
    );
  }

  #reading(
    key: string,
    policy: ResolvedPolicy,
    asking: Asking,
    together: object | undefined,
  ): Promise<CacheReading | undefined> {
    const asks = asking === 'for rights';
    const read = asks ? this.read(key, policy, together) : this.glance(key, policy, together);
    return read.catch((error: unknown) => {
      this.readFailed(key, policy, error, asking);
      return undefined;
    });
  }

  /** What is read beside an entry. Where that fails, so does this, and hands on the right that came with the entry. */
  async #orGivenBack<T>(
    key: string,
    read: Promise<CacheReading | undefined>,
    beside: () => Promise<T>,
  ): Promise<T> {
    try {
      return await beside();
    } catch (error) {
      this.giveBack(key, await read.catch(() => undefined));
      throw error;
    }
  }

  /** Hands on a right that came with a read which comes to nothing. */
  giveBack(key: string, reading: CacheReading | undefined): void {
    if (reading?.won === true) this.release(key, reading.cas, reading.hit ? 'rest' : 0);
  }

  /** Hands on a right, named by its cas. Not awaited: it helps others only, and a store that hangs would hold up the caller. */
  release(key: string, cas: string, keepSeconds: number | 'rest'): void {
    this.#store
      .release(key, cas, keepSeconds)
      .catch((error: unknown) => this.#events.note('storeError', key, error));
  }

  async #states(
    key: string,
    policy: ResolvedPolicy,
    tags: readonly string[],
  ): Promise<TagStates | undefined> {
    try {
      return await this.#tags.states(tags);
    } catch (error) {
      this.storeFailed(key, policy, error);
      return undefined;
    }
  }

  /** A read has failed; the right to compute may have been given to it all the same. Otherwise like `storeFailed`. */
  readFailed(key: string, policy: ResolvedPolicy, error: unknown, asking: Asking): void {
    this.#disown(key, error, asking === 'for rights' ? policy.leaseSeconds : 0);
    this.storeFailed(key, policy, error);
  }

  #disown(key: string, error: unknown, leaseSeconds: number): void {
    this.#store.disown(key, error, leaseSeconds, (cas) => this.#isUsed(key, cas));
  }

  /** Counts a failure of the store, and throws it if the policy says so. A key that no store takes is no such failure. */
  storeFailed(key: string, policy: ResolvedPolicy, error: unknown): void {
    if (error instanceof InvalidArgumentError) throw error;
    this.#events.note('storeError', key, error);
    if (policy.throwStoreErrors) throw error;
  }
}

/** Goes on with a call once it has been told what a read has found. */
function answerCall(
  read: Promise<CacheReading>,
  asked: LoadingRead | PlainRead,
  then: (answer: unknown) => unknown,
): Promise<unknown> {
  return read.then(
    (reading) => then(asked.found(reading)),
    (error: unknown) => then(asked.failed(error)),
  );
}

/** Whether a read asks for the right to compute what it does not find. One that is marked stale gives it unasked. */
type Asking = 'for rights' | 'without rights';

/** A read whose value fits the policy's schema; one that does not is one that nobody here can read. */
async function checked(read: Promise<CacheReading>, schema: StandardSchema): Promise<CacheReading> {
  const reading = await read;
  const { value } = reading;
  if (value === undefined || isHitForMiss(value) || (await fits(schema, value.value))) return reading;
  return { ...reading, value: undefined };
}
