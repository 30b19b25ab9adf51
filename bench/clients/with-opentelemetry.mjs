/*
 * Our client while OpenTelemetry's SDK gets its spans and metrics: those of every command, or none of the spans. Everything is
 * within one request, whose context is always there: what AsyncLocalStorage costs is the application's own.
 */
import { context, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { instrument } from 'nestjs-memcached/opentelemetry';
import { open as openClient } from './nestjs-memcached.mjs';

/** Longer than a measurement: exporting is not measured. */
const NEVER_MS = 2 ** 31 - 1;

let ended = 0;

/** Takes spans as they end, and keeps none. */
const counting = {
  onStart() {},
  onEnd: () => void (ended += 1),
  forceFlush: async () => {},
  shutdown: async () => {},
};

/** Says of everything that it is within the same request. */
function within(traceFlags) {
  const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags };
  const active = trace.setSpanContext(ROOT_CONTEXT, parent);
  const manager = {
    active: () => active,
    with: (_context, work, that, ...rest) => work.call(that, ...rest),
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
}

async function observed(options, sampler, traceFlags, requireParentSpan) {
  within(traceFlags);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  instrument({
    tracerProvider: new BasicTracerProvider({ sampler, spanProcessors: [counting] }),
    meterProvider: new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS })],
    }),
    requireParentSpan,
  });
  return openClient(options);
}

/** The request is sampled, and so is every command. */
export const open = (options) => observed(options, new AlwaysOnSampler(), TraceFlags.SAMPLED, true);

/** The request is not sampled, and nothing in it is. */
export const openSampledOut = (options) => observed(options, new AlwaysOffSampler(), TraceFlags.NONE, true);

/** The request is not sampled, and the sampler is asked for each command all the same. */
export const openAsking = (options) => observed(options, new AlwaysOffSampler(), TraceFlags.NONE, false);
