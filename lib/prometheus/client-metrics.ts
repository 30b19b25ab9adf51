import type { MemcachedClient } from '../client/client.js';
import { errorTypeOf } from '../client/error-type.js';
import { LabelMemo } from '../label-memo.js';
import type { Subscriptions } from '../subscriptions.js';
import { Collected } from './collected.js';
import { Distribution } from './distribution.js';
import { mergedSamples } from './merged-samples.js';
import type { Aggregator, Metric, Sample } from './metric.js';

/** Bounds of the buckets of commands, in seconds: an answer within one network takes some tenths of a millisecond. */
const COMMAND_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** How long commands take, what they find and why they fail; and how servers are, as their clients see them. */
export function clientMetrics(clients: readonly MemcachedClient[], subscriptions: Subscriptions): Metric[] {
  const instances = new Set(clients.map(({ instance }) => instance));
  const commands = new LabelMemo((cache, server, command): CommandSeries => ({
    cache,
    server,
    durations: new Distribution(COMMAND_BOUNDS, { cache, server, command }),
    isOurs: instances.has(cache),
    hits: 0,
    misses: 0,
  }));
  const errors = new LabelMemo((cache, server, command, code) => ({
    labels: { cache, server, command, code },
    value: 0,
  }));
  subscriptions.onCommand('end', (command) => {
    const { instance, server, operation, hits, misses, durationMs, error } = command;
    const series = commands.of(instance, server, operation);
    if (!series.isOurs) return;
    series.durations.observe(durationMs / 1000);
    series.hits += hits;
    series.misses += misses;
    if (error !== undefined) errors.of(instance, server, operation, errorTypeOf(error)).value += 1;
  });

  const ours = (): CommandSeries[] => [...commands.values()].filter(({ isOurs }) => isOurs);
  const durations = 'nestjs_memcached_command_duration_seconds';
  return [
    new Collected(durations, 'Duration of commands, failed ones included.', 'histogram', 'sum', () =>
      ours().flatMap((series) => series.durations.samples(durations)),
    ),
    new Collected(
      'nestjs_memcached_command_errors_total',
      'Commands that failed, by the code of the error.',
      'counter',
      'sum',
      () => [...errors.values()].map(({ labels, value }) => ({ labels, value })),
    ),
    new Collected(
      'nestjs_memcached_read_keys_total',
      'Keys that commands have read, by whether they were found.',
      'counter',
      'sum',
      () => keysOf(ours()),
    ),
    ofNodes(clients, 'node_up', 'max', 'Whether a server is up, as its client sees it.', ({ state }) =>
      state === 'up' ? 1 : 0,
    ),
    ofNodes(
      clients,
      'owed_invalidations',
      'sum',
      'Invalidations that a server is owed; +Inf where they are more than are remembered.',
      ({ owed }) => owed,
    ),
  ];
}

/** What has become of the commands of one name to one server. */
interface CommandSeries {
  readonly cache: string;
  readonly server: string;
  readonly durations: Distribution;
  /** Whether it is of an instance that was given. */
  readonly isOurs: boolean;
  hits: number;
  misses: number;
}

/** The keys that were read, whatever command read them. */
function keysOf(commands: Iterable<CommandSeries>): Sample[] {
  const sums = new LabelMemo((cache, server, result) => ({ labels: { cache, server, result }, value: 0 }));
  for (const { cache, server, hits, misses } of commands) {
    if (hits + misses === 0) continue;
    sums.of(cache, server, 'hit').value += hits;
    sums.of(cache, server, 'miss').value += misses;
  }
  return [...sums.values()];
}

function ofNodes(
  clients: readonly MemcachedClient[],
  name: string,
  aggregator: Aggregator,
  help: string,
  figure: (node: ReturnType<MemcachedClient['topology']>[number]) => number,
): Metric {
  return new Collected(`nestjs_memcached_${name}`, help, 'gauge', aggregator, () => {
    const samples = clients.flatMap((client) =>
      client.topology().map((node) => ({
        labels: { cache: client.instance, server: node.server },
        value: figure(node),
      })),
    );
    return mergedSamples(samples, aggregator);
  });
}
