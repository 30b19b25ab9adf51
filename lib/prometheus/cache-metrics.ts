import { LabelMemo } from '../label-memo.js';
import type { MemcachedService } from '../nest/memcached.service.js';
import type { Subscriptions } from '../subscriptions.js';
import { Collected } from './collected.js';
import { Distribution } from './distribution.js';
import { mergedSamples } from './merged-samples.js';
import type { Metric, Sample } from './metric.js';

/** Bounds of the buckets of loads, in seconds. */
const LOAD_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const RESULTS = ['hit', 'miss', 'stale'] as const;

/** What caches serve and load, by the groups of their keys; and everything that they count. */
export function cacheMetrics(services: readonly MemcachedService[], subscriptions: Subscriptions): Metric[] {
  const instances = new Set(services.map(({ client }) => client.instance));
  const requests = new LabelMemo((cache, group, result) => ({ labels: { cache, group, result }, value: 0 }));
  for (const result of RESULTS) {
    subscriptions.on(result, ({ instance, group }) => {
      if (instances.has(instance)) requests.of(instance, group, result).value += 1;
    });
  }
  const loads = new LabelMemo(
    (cache, group, result) => new Distribution(LOAD_BOUNDS, { cache, group, result }),
  );
  subscriptions.onTrace('load', 'asyncEnd', ({ instance, group, outcome = 'done', durationMs }) => {
    if (instances.has(instance)) loads.of(instance, group, outcome).observe(durationMs / 1000);
  });

  const loadDurations = 'nestjs_memcached_load_duration_seconds';
  return [
    new Collected(
      'nestjs_memcached_cache_requests_total',
      'Values that a cache was asked for, by the group of their key and by what was served.',
      'counter',
      'sum',
      () => [...requests.values()].map(({ labels, value }) => ({ labels, value })),
    ),
    new Collected(
      loadDurations,
      'Duration of calls of loaders; one for all keys of a batch.',
      'histogram',
      'sum',
      () => [...loads.values()].flatMap((series) => series.samples(loadDurations)),
    ),
    new Collected(
      'nestjs_memcached_cache_events_total',
      'How often each thing has happened in a cache.',
      'counter',
      'sum',
      () => mergedSamples(services.flatMap(eventsOf), 'sum'),
    ),
    new Collected(
      'nestjs_memcached_uncached_calls_total',
      'Calls of decorated methods that left nothing in the cache, by method and reason.',
      'counter',
      'sum',
      () => mergedSamples(services.flatMap(uncachedOf), 'sum'),
    ),
  ];
}

function eventsOf({ counters, client }: MemcachedService): Sample[] {
  return Object.entries(counters).map(([event, value]) => ({
    labels: { cache: client.instance, event: snakeCase(event) },
    value,
  }));
}

function uncachedOf({ uncached, client }: MemcachedService): Sample[] {
  return Object.entries(uncached.counts).flatMap(([method, counts]) =>
    Object.entries(counts).map(([reason, value]) => ({
      labels: { cache: client.instance, method, reason },
      value,
    })),
  );
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
