import { LivedClock } from './lived-clock.mjs';

/** Longer than any call may take, on any machine. */
const LONG_MS = 10_000;

/** What one process of a storm has found: how much was asked, how long it took, and what was not as promised. */
export class Verdict {
  reads = 0;
  updates = 0;
  writes = 0;
  /** Answers that cannot be right, whatever happened: another key's, or half of one. */
  wrong = 0;
  /** Values of which a part is the next reply's, since their own is missing: no client can tell. */
  filled = 0;
  /** Values that are older than what had been acknowledged, or invalidated, before the read began. */
  stale = 0;
  /** Acknowledged changes that are not there. */
  lost = 0;
  /** Changes that took effect more often than they were asked for. */
  doubled = 0;
  /** @readonly by the kind of the call, in milliseconds. */
  longestMs = {};
  /** @readonly the same without the time in which this process stood still. */
  livedMs = {};
  /** @readonly */
  #lived = new LivedClock();
  /** @readonly errors by their code. */
  failed = {};
  /** @readonly the first few of what is not as promised, in words. */
  complaints = [];
  /** @readonly */
  #open = new Map();
  #calls = 0;

  /** Calls that have not settled yet. */
  get open() {
    return this.#open.size;
  }

  /** What has not settled yet, by kind. */
  openKinds() {
    const kinds = {};
    for (const { kind } of this.#open.values()) kinds[kind] = (kinds[kind] ?? 0) + 1;
    return kinds;
  }

  /**
   * Makes a call, and measures how long it takes.
   *
   * @returns {Promise<{ value: unknown } | undefined>} nothing when it failed as it may.
   */
  async of(kind, call) {
    this.#calls += 1;
    const id = this.#calls;
    const began = performance.now();
    const livedBefore = this.#lived.now();
    this.#open.set(id, { kind, began });
    try {
      return { value: await call() };
    } catch (error) {
      const code = error?.code ?? error?.name ?? String(error);
      this.failed[code] = (this.failed[code] ?? 0) + 1;
      if (!code.startsWith('MEMCACHED_'))
        this.complain('wrong', `${kind}: an error that is none of ours: ${error?.stack}`);
      return undefined;
    } finally {
      this.#open.delete(id);
      this.longestMs[kind] = Math.max(this.longestMs[kind] ?? 0, performance.now() - began);
      this.livedMs[kind] = Math.max(this.livedMs[kind] ?? 0, this.#lived.now() - livedBefore);
    }
  }

  /** What can be told before the end. */
  found() {
    const now = performance.now();
    const waited = Math.max(0, ...[...this.#open.values()].map(({ began }) => now - began));
    return [
      ...['wrong', 'stale', 'lost', 'doubled'].filter((figure) => this[figure] > 0),
      ...(waited > LONG_MS ? ['longest', 'unsettled'] : []),
    ];
  }

  complain(figure, text) {
    this[figure] += 1;
    if (this.complaints.length < 12) this.complaints.push(`${figure}: ${text}`.slice(0, 300));
  }

  figures() {
    const { reads, updates, writes, wrong, filled, stale, lost, doubled } = this;
    const { longestMs, livedMs, failed, complaints, open } = this;
    return {
      reads,
      updates,
      writes,
      wrong,
      filled,
      stale,
      lost,
      doubled,
      longestMs,
      livedMs,
      failed,
      complaints,
      open,
    };
  }
}
