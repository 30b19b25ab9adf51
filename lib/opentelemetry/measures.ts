import type { Attributes, Meter } from '@opentelemetry/api';
import { LabelMemo } from '../label-memo.js';
import { commandAttributes } from './command-attributes.js';
import { commandNameOf } from './command-names.js';
import { errorTypeOf } from '../client/error-type.js';
import type { Instrumentation } from './instrument-options.js';
import { contextOf } from './parent.js';
import type { Subscriptions } from '../subscriptions.js';

/** The boundaries that the conventions advise, in seconds. Memcached's answers are mostly in the first: a view makes finer ones. */
const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

const RESULTS = ['hit', 'miss', 'stale'] as const;

/** Measures commands, requests to caches, and loads. */
export function measure(meter: Meter, { keys }: Instrumentation, subscriptions: Subscriptions): void {
  const advice = { explicitBucketBoundaries: BOUNDARIES };

  const durations = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice,
  });
  const ofCommands = new LabelMemo((server, operation, errorType) =>
    commandAttributes(server, commandNameOf(operation), errorType),
  );
  subscriptions.onCommand('end', (command) => {
    const { server, operation, error, durationMs } = command;
    const errorType = error === undefined ? '' : errorTypeOf(error);
    durations.record(durationMs / 1000, ofCommands.of(server, operation, errorType), contextOf(command));
  });

  const ofCache = new LabelMemo((instance, group, result, errorType): Attributes => ({
    'cache.name': instance,
    ...(keys === 'none' ? {} : { 'cache.group': group }),
    'cache.result': result,
    ...(errorType === '' ? {} : { 'error.type': errorType }),
  }));
  const requests = meter.createCounter('cache.requests', {
    description: 'Values that a cache was asked for, by what was served.',
    unit: '{request}',
  });
  for (const result of RESULTS) {
    subscriptions.on(result, ({ instance, group }) => requests.add(1, ofCache.of(instance, group, result)));
  }

  const loads = meter.createCounter('cache.loads', {
    description: 'Calls of loaders; one for all keys of a batch.',
    unit: '{load}',
  });
  const loadDurations = meter.createHistogram('cache.load.duration', {
    description: 'Duration of calls of loaders.',
    unit: 's',
    advice,
  });
  subscriptions.onTrace('load', 'asyncEnd', (message) => {
    const { instance, group, error, outcome = 'done', durationMs } = message;
    const attributes = ofCache.of(instance, group, outcome, outcome === 'error' ? errorTypeOf(error) : '');
    loads.add(1, attributes);
    loadDurations.record(durationMs / 1000, attributes);
  });
}
