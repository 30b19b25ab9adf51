import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { bool, checkObject, oneOf, readObject, withDefault, type Shape } from '../options/schema.js';

/** Options of `instrument`. */
export interface InstrumentOptions {
  /**
   * Where spans go.
   *
   * @default the global one of `@opentelemetry/api`
   */
  tracerProvider?: TracerProvider | undefined;

  /**
   * Where metrics go.
   *
   * @default the global one of `@opentelemetry/api`
   */
  meterProvider?: MeterProvider | undefined;

  /**
   * Whether spans are made only within another span, such as that of a request: what is done at the start or by a timer is
   * no trace of its own then, and in a trace that is not sampled no sampler is asked again. Metrics count everything.
   *
   * @default true
   */
  requireParentSpan?: boolean | undefined;

  /**
   * What spans and metrics tell of keys: `template` their group (`product:{0}`, or the first part of a key that reads like a
   * name), which is bounded in number; `none` nothing; `full`, in spans, also the keys themselves, which may be personal data.
   *
   * @default 'template'
   */
  keys?: 'none' | 'template' | 'full' | undefined;
}

/** The same with nothing left open, but for where it goes. */
export interface Instrumentation {
  readonly requireParentSpan: boolean;
  readonly keys: 'none' | 'template' | 'full';
}

/** @throws {InvalidOptionsError} with the path of the wrong option. */
export function readInstrumentOptions(options: InstrumentOptions): Instrumentation {
  checkObject(options, 'instrument', "{ keys: 'template' }");
  const { tracerProvider: _tracer, meterProvider: _meter, ...rest } = options;
  return readObject<Instrumentation>(rest, 'instrument', OPTIONS);
}

const OPTIONS: Shape<Instrumentation> = {
  requireParentSpan: withDefault(bool, true),
  keys: withDefault(oneOf('none', 'template', 'full'), 'template'),
};
