import { AsyncLocalStorage } from 'node:async_hooks';

/** Whether the calls of decorated methods compute now. */
const forcing = new AsyncLocalStorage<boolean>();

/** How much work that is forced is under way; while there is none, nobody has to ask. */
export const forcedCalls = { underWay: 0 };

/**
 * Has the `@Cacheable` and `@CacheBatch` methods that `work` calls compute now, whatever is stored, and store what they return:
 * for one call, such as a reload that a user asked for.
 *
 * It holds for what `work` calls directly or through methods that are not decorated, also after an `await`; what a decorated
 * method calls in its turn is answered as ever. Nobody is waited for, what fails is thrown, and what was stored stays then.
 *
 * @returns what `work` returns.
 * @example
 * const product = await forceFresh(() => this.products.find(7));
 */
export function forceFresh<T>(work: () => T): T {
  return knowing(true, work);
}

/** Whether a call that is made now is to compute. */
export function isForced(): boolean {
  return forcing.getStore() === true;
}

/** Runs a decorated method that was forced: what it calls in its turn is not. */
export function unforced<T>(work: () => T): T {
  return knowing(false, work);
}

/**
 * Runs work whose calls know whether they are forced. In Node 20 and 22 every promise of the process is dearer while an async
 * context is in use, so that it is given up with the last of such work.
 */
function knowing<T>(forced: boolean, work: () => T): T {
  forcedCalls.underWay += 1;
  let result: T | undefined;
  try {
    result = forcing.run(forced, work);
    return result;
  } finally {
    if (result instanceof Promise) result.then(done, done);
    else done();
  }
}

function done(): void {
  forcedCalls.underWay -= 1;
  if (forcedCalls.underWay === 0) forcing.disable();
}
