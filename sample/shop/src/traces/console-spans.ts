import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

/** Attributes that say what has come of it. */
const TOLD = ['cache.result', 'error.type'];

/** Writes each span as one line: its trace, its name, how long it took, and what has come of it. */
export class ConsoleSpans implements SpanExporter {
  export(spans: ReadableSpan[], done: (result: { code: number }) => void): void {
    for (const span of spans) console.log(lineOf(span));
    done({ code: 0 });
  }

  async shutdown(): Promise<void> {}
}

function lineOf(span: ReadableSpan): string {
  const [seconds, nanos] = span.duration;
  const ms = (seconds * 1000 + nanos / 1e6).toFixed(2).padStart(8);
  const told = TOLD.flatMap((attribute) => span.attributes[attribute] ?? []).join(' ');
  const indent = span.parentSpanContext === undefined ? '' : '  ';
  return `span ${span.spanContext().traceId.slice(0, 8)} ${ms} ms  ${indent}${span.name} ${told}`.trimEnd();
}
