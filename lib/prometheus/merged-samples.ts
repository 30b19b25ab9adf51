import type { Aggregator, Sample } from './metric.js';

/** One sample of those that bear the same labels, as caches and clients of one name do: a scrape that has two is refused. */
export function mergedSamples(samples: Iterable<Sample>, aggregator: Aggregator): Sample[] {
  const merged = new Map<string, Sample>();
  for (const sample of samples) {
    const series = JSON.stringify(sample.labels);
    const { value } = merged.get(series) ?? { value: 0 };
    const both = aggregator === 'sum' ? value + sample.value : Math.max(value, sample.value);
    merged.set(series, { ...sample, value: both });
  }
  return [...merged.values()];
}
