import {
  context,
  isSpanContextValid,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';

/**
 * The context that a span of what happens now begins in; undefined where there is to be none. Where a parent is required, one
 * that is not sampled will do as little as none: what is in it is asked of no sampler.
 */
export function contextOfSpans(requireParentSpan: boolean): Context | undefined {
  const active = context.active();
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
