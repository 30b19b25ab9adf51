import type { Aggregator, Metric, MetricType, Sample, Snapshot } from './metric.js';

/** A metric whose values are asked for when they are scraped. */
export class Collected implements Metric {
  readonly #collect: () => readonly Sample[] | Promise<readonly Sample[]>;

  constructor(
    public name: string,
    readonly help: string,
    readonly type: MetricType,
    readonly aggregator: Aggregator,
    collect: () => readonly Sample[] | Promise<readonly Sample[]>,
  ) {
    this.#collect = collect;
  }

  async get(): Promise<Snapshot> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: await this.#collect() };
  }

  /** What is asked for elsewhere begins nowhere anew. */
  reset(): void {}
}
