import {
  context,
  SpanKind,
  trace,
  type Attributes,
  type Context,
  type Exception,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api';
import type { LoadMessage, RefreshMessage, TracedMessage } from '../nest/trace-channels.js';
import type { Instrumentation } from './instrument-options.js';
import { errorTypeOf, isOurs, textIn } from '../client/error-type.js';
import { fail, OpenSpans } from './open-spans.js';
import { contextOfSpans, contextOfTraces } from './parent.js';
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
  const { requireParentSpan, keys } = settings;
  const open = new OpenSpans<TracedMessage>(tracer);
  /** The spans of loads, for those who wait for them. */
  const loads = new WeakMap<LoadMessage, SpanContext>();
  const begin = (
    message: TracedMessage,
    name: string,
    within: Context,
    beside?: Attributes,
    options?: SpanOptions,
  ): Span => {
    const attributes = { ...attributesOf(message, keys), ...beside };
    const title = keys === 'none' ? name : `${name} ${message.group}`;
    const span = open.begin(message, title, { kind: SpanKind.INTERNAL, attributes, ...options }, within);
    enter(message, span);
    return span;
  };

  subscriptions.onTrace('get-or-set', 'start', (message) => {
    const within = contextOfSpans(requireParentSpan);
    if (within !== undefined) begin(message, NAMES[message.operation], within);
  });
  subscriptions.onTrace('get-or-set', 'asyncEnd', (message) => {
    const span = open.take(message);
    if (span === undefined) return;
    const { outcome, error, operation, keyCount, hits, stale, shared, misses, joined } = message;
    for (const load of joined) link(span, loads.get(load));
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
    const within = contextOfSpans(requireParentSpan);
    if (within === undefined) return;
    const { refresh, keyCount } = message;
    const span = begin(message, NAMES.load, within, { 'cache.refresh': refresh, 'cache.keys': keyCount });
    if (span.isRecording()) loads.set(message, span.spanContext());
  });
  subscriptions.onTrace('load', 'asyncEnd', (message) => finish(open.take(message), message));

  subscriptions.onTrace('refresh', 'start', (message) => {
    const within = contextOfTraces(requireParentSpan);
    if (within === undefined) return;
    // The response does not wait for it: it is no part of the request's trace, and tells where it comes from.
    const cause = trace.getSpanContext(within);
    const links = cause === undefined ? [] : [{ context: cause }];
    begin(message, NAMES.refresh, within, undefined, { root: true, links });
  });
  subscriptions.onTrace('refresh', 'asyncEnd', (message) => finish(open.take(message), message));
  return open;
}

/** Leads from a span to one in another trace, or elsewhere in the same. SDKs before 1.24 have no links that come later. */
function link(span: Span, to: SpanContext | undefined): void {
  const { addLink } = span as { addLink?: Span['addLink'] };
  if (to !== undefined) addLink?.call(span, { context: to });
}

function attributesOf({ instance, group, keys }: TracedMessage, shown: Instrumentation['keys']): Attributes {
  return {
    'cache.name': instance,
    ...(shown === 'none' ? {} : { 'cache.group': group }),
    ...(shown === 'full' ? { 'cache.key': [...keys] } : {}),
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
    if (error instanceof Error && !isOurs(error)) span.recordException(exceptionOf(error));
  }
  span.end();
}

/** What is recorded of an error: SDKs take it for granted that a `code` can be written, and that nothing throws. */
function exceptionOf(error: Error): Exception {
  const [message, stack] = [textIn(error, 'message'), textIn(error, 'stack')];
  return { name: errorTypeOf(error), ...(message && { message }), ...(stack && { stack }) };
}
