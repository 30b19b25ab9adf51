import type { CallHandler } from '@nestjs/common';
import type { Subscriber } from 'rxjs';
import type { Headers } from './header-names.js';

/** Who gets an answer: one value and its end, or an error. */
export type Receiver = Pick<Subscriber<unknown>, 'next' | 'complete' | 'error'>;

/** What the method's answer fails with that will never come, since the request was answered on its way there. */
export const NEVER_CALLED = Symbol('never called');

/** The way to the method. */
export interface Method extends CallHandler {
  /** What the response said when the method's interceptors were reached, where that is later than the call. */
  readonly before?: Headers | undefined;
}

/** Gives whoever waits for the answer what it is. */
export function hand(receiver: Receiver, body: unknown): void {
  receiver.next(body);
  receiver.complete();
}

/** @throws what the method has thrown. */
export function unlessCalled(error: unknown): typeof NEVER_CALLED {
  if (error === NEVER_CALLED) return NEVER_CALLED;
  throw error;
}
