import { monitorEventLoopDelay } from 'node:perf_hooks';

const NANOS = 1e6;

/** How long turns of the event loop keep others waiting, from now on. */
export class EventLoopDelay {
  /** @readonly */
  #histogram = monitorEventLoopDelay({ resolution: 5 });

  constructor() {
    this.#histogram.enable();
  }

  /** @returns {{ p999Ms: number, maxMs: number }} */
  end() {
    this.#histogram.disable();
    return {
      p999Ms: this.#histogram.percentile(99.9) / NANOS,
      maxMs: this.#histogram.max / NANOS,
    };
  }
}
