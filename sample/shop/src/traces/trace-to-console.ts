import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { instrument } from 'nestjs-memcached/opentelemetry';
import { ConsoleSpans } from './console-spans.js';

/**
 * Writes what the cache does to the console, span by span. An application has an SDK that sends its spans elsewhere; of it,
 * one line of these is left: `instrument()`.
 */
export function traceToConsole(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const spanProcessors = [new SimpleSpanProcessor(new ConsoleSpans())];
  // Nothing makes a span of a request here, so that those of the cache have no parent.
  instrument({ tracerProvider: new BasicTracerProvider({ spanProcessors }), requireParentSpan: false });
}
