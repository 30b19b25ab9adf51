import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';

/** What one answer cost the database. */
export interface AnswerTrace {
  queries: number;
  queryMs: number;
}

/** Knows, anywhere below a request, which answer the work is for. */
@Injectable()
export class AnswerTraces {
  readonly #current = new AsyncLocalStorage<AnswerTrace>();

  run<T>(trace: AnswerTrace, work: () => T): T {
    return this.#current.run(trace, work);
  }

  addQuery(ms: number): void {
    const trace = this.#current.getStore();
    if (trace === undefined) return;
    trace.queries += 1;
    trace.queryMs += ms;
  }
}
