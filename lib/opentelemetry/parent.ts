import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import type { WatchedCommand } from '../client/watched-command.js';
import type { Subscriptions } from '../subscriptions.js';

/** Has commands bear the context that they are called in, since nothing of their end is told in it. */
export function keepContexts(subscriptions: Subscriptions): void {
  subscriptions.onCommand('begin', (command) => {
    command.context = context.active();
  });
}

/** The context that a command was called in; of one that began unseen, none. */
export function contextOf(command: WatchedCommand): Context {
  return (command.context as Context | undefined) ?? ROOT_CONTEXT;
}

/**
 * The context that a span begins in; undefined where there is to be none. Where a parent is required, one that is not
 * sampled will do as little as none: what is in it is asked of no sampler.
 *
 * @param active the context of what the span is about; by default the one of what happens now.
 */
export function contextOfSpans(requireParentSpan: boolean, active = context.active()): Context | undefined {
  if (!requireParentSpan) return active;
  const parent = trace.getSpan(active);
  if (parent === undefined) return undefined;
  return parent.isRecording() || isSampled(parent.spanContext()) ? active : undefined;
}

/** The same for a span that begins a trace of its own, so that a sampler decides anew: there has to be a parent, sampled or not. */
export function contextOfTraces(requireParentSpan: boolean): Context | undefined {
  const active = context.active();
  if (!requireParentSpan) return active;
  const parent = trace.getSpanContext(active);
  return parent !== undefined && isSpanContextValid(parent) ? active : undefined;
}

/** Whether what began elsewhere, such as in the process that sent a request, is sampled. */
function isSampled(parent: SpanContext): boolean {
  return (parent.traceFlags & TraceFlags.SAMPLED) !== 0 && isSpanContextValid(parent);
}
