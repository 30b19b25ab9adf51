import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import { Settings } from '../settings/settings.js';
import { type AnswerTrace, AnswerTraces } from './answer-trace.js';

/**
 * Tells with every answer what it cost: `X-Cache` is `hit` when no query was needed for it,
 * `Server-Timing` is drawn by the network panel of every browser.
 */
@Injectable()
export class AnswerTraceInterceptor implements NestInterceptor {
  constructor(
    private readonly traces: AnswerTraces,
    private readonly settings: Settings,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const response = context.switchToHttp().getResponse<ServerResponse>();
    const trace: AnswerTrace = { queries: 0, queryMs: 0 };
    const startedMs = performance.now();

    const describe = () => {
      const totalMs = performance.now() - startedMs;
      response.setHeader('X-Served-By', this.settings.processName);
      response.setHeader(
        'Server-Timing',
        `total;dur=${totalMs.toFixed(2)}, database;dur=${trace.queryMs.toFixed(2)};desc="queries: ${trace.queries}"`,
      );
      if (request.method === 'GET') response.setHeader('X-Cache', trace.queries === 0 ? 'hit' : 'miss');
    };
    return this.traces.run(trace, () => next.handle()).pipe(tap({ next: describe, error: describe }));
  }
}
