import { SpanStatusCode, type Context, type Span, type SpanOptions, type Tracer } from '@opentelemetry/api';
import { errorTypeOf } from '../client/error-type.js';

/** The spans that have begun and not ended, by the message that tells of them. */
export class OpenSpans<Message extends object> {
  readonly #tracer: Tracer;
  readonly #open = new Map<Message, Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Begins a span. One that does not record has no end that anybody would hear of. */
  begin(message: Message, name: string, options: SpanOptions, within: Context): Span {
    const span = this.#tracer.startSpan(name, options, within);
    if (span.isRecording()) this.#open.set(message, span);
    return span;
  }

  /** The span of a message, if it records; its end is near. */
  take(message: Message): Span | undefined {
    if (this.#open.size === 0) return undefined;
    const span = this.#open.get(message);
    if (span !== undefined) this.#open.delete(message);
    return span;
  }

  /** Ends all that are open. */
  end(): void {
    for (const span of this.#open.values()) span.end();
    this.#open.clear();
  }
}

/** Says in a span that what it is about has failed. Messages of errors may name keys: they are not told. */
export function fail(span: Span, error: unknown): void {
  const type = errorTypeOf(error);
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}
