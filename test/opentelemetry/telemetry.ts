import { context, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  type ReadableSpan,
  type Sampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** The SDK, with what keeps the spans and the metrics that it gets. */
export class Telemetry implements Disposable {
  #begun: ReadableSpan[] = [];
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#metrics,
    exportIntervalMillis: 1e6,
  });
  readonly tracerProvider: BasicTracerProvider;
  readonly meterProvider: MeterProvider;
  readonly #tracer: Tracer;

  /** Spans have contexts of their own for the whole of a process: one at a time is in use. */
  constructor(sampler?: Sampler, views: ViewOptions[] = []) {
    this.meterProvider = new MeterProvider({ readers: [this.#reader], views });
    const keeping: SpanProcessor = {
      onStart: (span) => void this.#begun.push(span),
      onEnd: () => {},
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    this.tracerProvider = new BasicTracerProvider({ spanProcessors: [keeping], ...(sampler && { sampler }) });
    this.#tracer = this.tracerProvider.getTracer('test');
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  /** Does work within a span, as an instrumented framework would with a request. */
  async within<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER });
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } finally {
      span.end();
    }
  }

  /** Those that have ended, in the order in which they began. */
  get spans(): ReadableSpan[] {
    return this.#begun.filter(({ ended }) => ended);
  }

  /** Each span under its parent, as `parent > child`. */
  get tree(): string[] {
    return this.spans.map((span) => this.pathOf(span));
  }

  pathOf(span: ReadableSpan): string {
    const parent = this.spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
    return parent === undefined ? nameOf(span) : `${this.pathOf(parent)} > ${nameOf(span)}`;
  }

  /** The points of a metric, by now. */
  async points(name: string): Promise<DataPoint<number | Histogram>[]> {
    await this.#reader.forceFlush();
    const last = this.#metrics.getMetrics().at(-1);
    const found = last?.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find((each) => each.descriptor.name === name);
    return (found?.dataPoints ?? []) as DataPoint<number | Histogram>[];
  }

  /** The unit and the boundaries of a metric. */
  async unitOf(name: string): Promise<string | undefined> {
    await this.#reader.forceFlush();
    const last = this.#metrics.getMetrics().at(-1);
    return last?.scopeMetrics.flatMap(({ metrics }) => metrics).find((each) => each.descriptor.name === name)
      ?.descriptor.unit;
  }

  /** Resolves once a span has ended, in the turns of the event loop that it takes. */
  async ended(name: string): Promise<void> {
    while (!this.spans.some((span) => span.name.startsWith(name)))
      await new Promise((resolve) => setImmediate(resolve));
  }

  reset(): void {
    this.#begun = [];
    this.#metrics.reset();
  }

  [Symbol.dispose](): void {
    context.disable();
  }
}

/** Without the port, which differs from run to run. */
function nameOf({ name }: ReadableSpan): string {
  return name.replace(/ 127\.0\.0\.1:\d+$/, '');
}
