import { Request } from '../protocol/request.js';

/**
 * What one server is still owed: deletes and stale marks that could not reach it.
 *
 * They are sent when it is back, before any read, so that a server that was cut off does not bring invalidated values
 * back. Kept in memory and bounded: past the bound the server's whole content counts as owed.
 */
export class Debts {
  readonly #limit: number;
  readonly #owed = new Map<string, Request>();
  #all = false;

  /** @param limit most debts remembered one by one. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many are owed; `Infinity` once everything is. */
  get size(): number {
    return this.#all ? Number.POSITIVE_INFINITY : this.#owed.size;
  }

  /** Remembers a request that did not arrive, or may not have. */
  add(request: Request): void {
    if (this.#all) return;
    this.#owed.set(`${request.kind} ${request.key}`, request);
    if (this.#owed.size > this.#limit) {
      this.#all = true;
      this.#owed.clear();
    }
  }

  /**
   * The requests that pay everything; each debt is struck off once its own reply is there, and stays if it fails.
   *
   * @param timeoutMs how long each may take.
   */
  payments(timeoutMs: number): readonly Request[] {
    if (this.#all) {
      const flush = new Request('line', 'flush_all', (reply) => reply.status === 'ok');
      flush.timeoutMs = timeoutMs;
      flush.resolve = () => (this.#all = false);
      return [flush];
    }
    return Array.from(this.#owed, ([name, debt]) => {
      const payment = repeated(debt);
      payment.timeoutMs = timeoutMs;
      payment.resolve = () => {
        if (this.#owed.get(name) === debt) this.#owed.delete(name);
      };
      return payment;
    });
  }
}

/** The same request once more. */
export function repeated(request: Request): Request {
  const again = new Request(request.kind, request.key, request.read);
  again.binaryKey = request.binaryKey;
  again.userKey = request.userKey;
  again.routingKey = request.routingKey;
  again.exptime = request.exptime;
  again.missResult = request.missResult;
  again.timeoutMs = request.timeoutMs;
  return again;
}
