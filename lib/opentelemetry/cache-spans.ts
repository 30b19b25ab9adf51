import {
  context,
  SpanKind,
  trace,
  type Attributes,
  type Link,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { LoadMessage, RefreshMessage, TracedMessage } from '../nest/trace-channels.js';
import type { Instrumentation } from './instrument-options.js';
import { isOurs } from './error-type.js';
import { fail, OpenSpans } from './open-spans.js';
import type { Subscriptions } from '../subscriptions.js';

/** What the spans of each channel are called. */
const NAMES = {
  'get-or-set': 'getOrSet',
  'get-or-set-many': 'getOrSetMany',
  refresh: 'refresh',
  load: 'load',
};

/** Makes a span of every call of a cache, every load, and every refresh behind a response. @returns those that are open. */
export function traceCache(
  tracer: Tracer,
  settings: Instrumentation,
  subscriptions: Subscriptions,
): OpenSpans<TracedMessage> {
  const open = new OpenSpans<TracedMessage>(tracer, settings.requireParentSpan);
  const begin = (message: TracedMessage, name: string, beside: Attributes, links?: Link[]): void => {
    const span = open.begin(message, settings.keys === 'none' ? name : `${name} ${message.group}`, {
      kind: SpanKind.INTERNAL,
      attributes: { ...attributesOf(message, settings.keys), ...beside },
      ...(links && { root: true, links }),
    });
    enter(message, span);
  };

  subscriptions.onTrace('get-or-set', 'start', (message) => {
    if (open.isWanted) begin(message, NAMES[message.operation], {});
  });
  subscriptions.onTrace('get-or-set', 'asyncEnd', (message) => {
    const span = open.take(message);
    if (span === undefined) return;
    const { outcome, error, operation, keyCount, hits, stale, shared, misses } = message;
    if (outcome === 'error') fail(span, error);
    else span.setAttribute('cache.result', String(outcome));
    if (operation === 'get-or-set-many') {
      span.setAttributes({
        'cache.keys': keyCount,
        'cache.hits': hits,
        'cache.stale': stale,
        'cache.shared': shared,
        'cache.misses': misses,
      });
    }
    span.end();
  });

  subscriptions.onTrace('load', 'start', (message) => {
    if (!open.isWanted) return;
    begin(message, NAMES.load, { 'cache.refresh': message.refresh, 'cache.keys': message.keyCount });
  });
  subscriptions.onTrace('load', 'asyncEnd', (message) => finish(open.take(message), message));

  subscriptions.onTrace('refresh', 'start', (message) => {
    if (!open.isWanted) return;
    // The response does not wait for it: it is no part of the request's trace, and tells where it comes from.
    const cause = trace.getSpanContext(context.active());
    begin(message, NAMES.refresh, {}, cause === undefined ? [] : [{ context: cause }]);
  });
  subscriptions.onTrace('refresh', 'asyncEnd', (message) => finish(open.take(message), message));
  return open;
}

function attributesOf({ instance, group, keys }: TracedMessage, told: Instrumentation['keys']): Attributes {
  return {
    'cache.name': instance,
    ...(told === 'none' ? {} : { 'cache.group': group }),
    ...(told === 'full' ? { 'cache.key': [...keys] } : {}),
  };
}

/** Has what a message tells of happen within a span, so that what is done in it has the span as its parent. */
function enter(message: TracedMessage, span: Span): void {
  const outer = message.around;
  const within = <T>(work: () => T): T => context.with(trace.setSpan(context.active(), span), work);
  message.around = outer === undefined ? within : (work) => outer(() => within(work));
}

function finish(span: Span | undefined, { outcome, error }: LoadMessage | RefreshMessage): void {
  if (span === undefined) return;
  if (outcome === 'error') {
    fail(span, error);
    // Messages of our own errors may name keys.
    if (error instanceof Error && !isOurs(error)) span.recordException(error);
  }
  span.end();
}
