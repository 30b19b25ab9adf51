import { metrics, trace } from '@opentelemetry/api';
import { traceCache } from './cache-spans.js';
import { traceCommands } from './command-spans.js';
import { readInstrumentOptions, type InstrumentOptions } from './instrument-options.js';
import { measure } from './measures.js';
import { keepContexts } from './parent.js';
import { Subscriptions } from '../subscriptions.js';

const NAME = 'nestjs-memcached';

/**
 * Makes spans and metrics of what all clients and caches of this process do, as OpenTelemetry's conventions for databases
 * name them. Nothing is patched, so the time of the call does not matter; each call adds its own.
 *
 * @returns how to stop: spans of calls and loads that are open end then, and nothing more is made.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 * @see https://opentelemetry.io/docs/specs/semconv/database/
 * @example
 * const stop = instrument();
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const settings = readInstrumentOptions(options);
  const { tracerProvider, meterProvider } = options;
  const tracer = (tracerProvider ?? trace.getTracerProvider()).getTracer(NAME);
  const meter = (meterProvider ?? metrics.getMeterProvider()).getMeter(NAME);
  const subscriptions = new Subscriptions();
  keepContexts(subscriptions);
  traceCommands(tracer, settings, subscriptions);
  const open = traceCache(tracer, settings, subscriptions);
  measure(meter, settings, subscriptions);
  return () => {
    subscriptions.end();
    open.end();
  };
}
