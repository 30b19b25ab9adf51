/** One metric, as a registry of prom-client reads it; only what stands here is made use of by one. */
export interface Metric {
  /** May be changed by a registry, which leaves out `_total` for OpenMetrics. */
  name: string;
  readonly help: string;
  readonly type: MetricType;
  /** How the processes of a cluster are put together. */
  readonly aggregator: Aggregator;
  /** The values of this moment. */
  get(): Promise<Snapshot>;
  /** Begins anew. */
  reset(): void;
}

/** What becomes of a metric's values. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** How the values of several processes become one: of a server, all processes tell the same. */
export type Aggregator = 'sum' | 'max';

/** A metric and its values. */
export interface Snapshot {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly aggregator: Aggregator;
  readonly values: readonly Sample[];
}

/** One value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it differs from the metric's, as in histograms. */
  readonly metricName?: string;
}
