/* Our client while OpenTelemetry's SDK gets its spans and metrics: those of every command, or none of the spans. */
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
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

async function observed(options, sampler) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  instrument({
    tracerProvider: new BasicTracerProvider({ sampler, spanProcessors: [counting] }),
    meterProvider: new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS })],
    }),
    requireParentSpan: false,
  });
  return openClient(options);
}

export const open = (options) => observed(options, new AlwaysOnSampler());

export const openSampledOut = (options) => observed(options, new AlwaysOffSampler());
