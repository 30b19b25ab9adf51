import { build } from 'hdr-histogram-js';

/** Counted in tenths of a microsecond. */
const UNITS_PER_MS = 10_000;

/** How long operations took. */
export class Latency {
  #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000 * UNITS_PER_MS,
    numberOfSignificantValueDigits: 3,
  });

  record(milliseconds) {
    this.#histogram.recordValue(Math.max(1, Math.round(milliseconds * UNITS_PER_MS)));
  }

  /** @returns {{ p50: number, p99: number }} in milliseconds. */
  figures() {
    const at = (percentile) => this.#histogram.getValueAtPercentile(percentile) / UNITS_PER_MS;
    return { p50: at(50), p99: at(99) };
  }
}
