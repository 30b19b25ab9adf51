import { CacheEngine as BareEngine } from '../../../../dist/cache/cache-engine.js';
import { LongestWait } from '../../longest-wait.mjs';

/** The library's cache, with a watch. */
export class CacheEngine extends BareEngine {
  /** @readonly */
  #waits = new LongestWait();

  get counters() {
    return { ...super.counters, longestWaitMs: this.#waits.ms };
  }

  getOrSet(...args) {
    return this.#waits.of(() => super.getOrSet(...args));
  }

  update(...args) {
    return this.#waits.of(() => super.update(...args));
  }
}
