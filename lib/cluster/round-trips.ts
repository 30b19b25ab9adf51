import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/**
 * Round trips to one server, in Node's own HDR histogram, which needs no package and records in C++.
 *
 * One request at a time is measured, the first of a write: those behind it wait for it.
 */
export class RoundTrips {
  /** In microseconds, from 1 to a minute, with two digits. */
  #histogram: RecordableHistogram | undefined;

  /** @param milliseconds from the write of a request to its reply. */
  record(milliseconds: number): void {
    const microseconds = Math.round(milliseconds * 1000);
    if (microseconds > 60_000_000) return;
    // Two figures take 20 KB, three 150, and a list may name many servers.
    this.#histogram ??= createHistogram({ lowest: 1, highest: 60_000_000, figures: 2 });
    this.#histogram.record(Math.max(1, microseconds));
  }

  /** What has been measured so far; `undefined` before the first reply. */
  summary(): Latency | undefined {
    const histogram = this.#histogram;
    if (histogram === undefined) return undefined;
    const percentile = (percent: number): number => histogram.percentile(percent) / 1000;
    return {
      count: histogram.count,
      p50: percentile(50),
      p95: percentile(95),
      p99: percentile(99),
      max: histogram.max / 1000,
    };
  }
}

/** How long a server took, in milliseconds, over the round trips that were measured. */
export interface Latency {
  /** How many round trips were measured: one at a time, however many requests are under way. */
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}
