/**
 * Work that signals can end. However many commands bear one signal, it gets one listener of ours: more than ten would
 * have Node warn of a leak.
 */
export class AbortWatch {
  readonly #watched = new WeakMap<AbortSignal, Set<() => void>>();

  /**
   * Settles with the work, or with the signal's reason as soon as that is aborted. A signal that was aborted before lets
   * nothing begin.
   *
   * @param onAbort ends what is under way.
   */
  until<Value>(
    signal: AbortSignal,
    work: () => Promise<Value>,
    onAbort: (reason: Error) => void,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = (): void => {
        onAbort(signal.reason as Error);
        reject(signal.reason as Error);
      };
      this.#listen(signal, abort);
      work()
        .finally(() => this.#leave(signal, abort))
        .then(resolve, reject);
    });
  }

  /**
   * What a promise settles with, or the signal's reason as soon as that is aborted.
   *
   * @param onLate is given what the promise resolves with after that, for nobody.
   */
  of<Value>(
    promise: Promise<Value>,
    signal: AbortSignal | undefined,
    onLate?: (value: Value) => void,
  ): Promise<Value> {
    if (signal === undefined) return promise;
    const abandon = (): void => {
      void promise.then(onLate).catch(() => undefined);
    };
    if (signal.aborted) abandon();
    return this.until(signal, () => promise, abandon);
  }

  /** The same of work that is not begun where the signal is aborted already. */
  start<Value>(work: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    return signal === undefined
      ? work()
      : this.until(
          signal,
          async () => work(),
          () => undefined,
        );
  }

  #listen(signal: AbortSignal, abort: () => void): void {
    const present = this.#watched.get(signal);
    if (present !== undefined) {
      present.add(abort);
      return;
    }
    const aborts = new Set([abort]);
    this.#watched.set(signal, aborts);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  #leave(signal: AbortSignal, abort: () => void): void {
    const present = this.#watched.get(signal);
    if (present?.delete(abort) !== true || present.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const aborts = this.#watched.get(signal) ?? new Set();
    this.#watched.delete(signal);
    for (const abort of aborts) abort();
  };
}
