import { InvalidArgumentError } from '../errors.js';
import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Knows which keys the call that runs now is changing: whoever waited for one of them would wait for itself.
 *
 * What a function calls before its first `await` can be told for nothing. What comes after it can be told by the async
 * context, which in Node 20 and 22 makes every promise of the process three times as dear while it is in use: so that is
 * looked at only where there is a suspicion.
 */
export class SelfWait {
  /** The keys whose functions are being called at this moment, the innermost last. */
  readonly #calling: string[] = [];
  readonly #context = new AsyncLocalStorage<Changing>();
  #watched = 0;
  /** How many functions that change a key are being called or watched; while there is none, nobody waits for himself. */
  underWay = 0;

  /** Whether the present call comes out of a change of the key that has not ended. */
  isWithin(key: string): boolean {
    if (this.#calling.includes(key)) return true;
    if (this.#watched === 0) return false;
    for (let changing = this.#context.getStore(); changing !== undefined; changing = changing.within) {
      if (changing.key === key && !changing.ended) return true;
    }
    return false;
  }

  /** Calls a function that changes the key. */
  call<T>(key: string, change: () => T): T {
    this.#calling.push(key);
    this.underWay += 1;
    try {
      return change();
    } finally {
      this.underWay -= 1;
      this.#calling.pop();
    }
  }

  /** Calls a function that is suspected of waiting for a change of the same key. */
  async watch<T>(key: string, change: () => T | Promise<T>): Promise<T> {
    const changing: Changing = { key, within: this.#context.getStore(), ended: false };
    this.#watched += 1;
    this.underWay += 1;
    try {
      return await this.#context.run(changing, () => this.call(key, change));
    } finally {
      changing.ended = true;
      this.underWay -= 1;
      this.#watched -= 1;
      if (this.#watched === 0) this.#context.disable();
    }
  }
}

/** A key that is being changed, and what its caller was changing already. */
interface Changing {
  readonly key: string;
  readonly within: Changing | undefined;
  ended: boolean;
}

/** What a loader is told that asks for its own key. */
export function loaderWaitsForItself(key: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `getOrSet("${key}") is called by its own loader, and would wait for itself; give one of the two another key, or call ` +
      'what computes the value',
  );
}
