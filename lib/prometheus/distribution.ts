import type { Sample } from './metric.js';

/** How often values were how large: one series of a histogram. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  readonly #labels: Sample['labels'];
  #count = 0;
  #sum = 0;

  /** @param bounds of the buckets, from the smallest. */
  constructor(bounds: readonly number[], labels: Sample['labels']) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
    this.#labels = labels;
  }

  /** Counts a value. */
  observe(value: number): void {
    const bounds = this.#bounds;
    this.#count += 1;
    this.#sum += value;
    for (let index = 0; index < bounds.length; index += 1) {
      if (value > bounds[index]) continue;
      this.#counts[index] += 1;
      return;
    }
  }

  /** Its buckets, sum and count. @param name of the metric. */
  samples(name: string): Sample[] {
    const labels = this.#labels;
    let below = 0;
    const buckets = this.#bounds.map((le, index): Sample => {
      below += this.#counts[index];
      return { labels: { le, ...labels }, value: below, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { le: '+Inf', ...labels }, value: this.#count, metricName: `${name}_bucket` },
      { labels, value: this.#sum, metricName: `${name}_sum` },
      { labels, value: this.#count, metricName: `${name}_count` },
    ];
  }
}
