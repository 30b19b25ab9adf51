const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

/** How a process grows while it works. */
export class Growth {
  /** @readonly */
  #samples = [];
  /** @readonly */
  #timer;
  /** @readonly */
  #heapBefore;

  /** Needs `--expose-gc`. */
  constructor(everyMs = 500) {
    globalThis.gc();
    this.#heapBefore = process.memoryUsage().heapUsed;
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /**
   * @returns {{ rssPerMinute: number, rssMib: number, heapMib: number }} MiB a minute by which the second half of the
   *   time grew, as a straight line through it; and by how much the heap is larger at the end, once garbage is collected.
   */
  end() {
    clearInterval(this.#timer);
    this.#look();
    globalThis.gc();
    return {
      rssPerMinute: slope(this.#samples.slice(this.#samples.length >> 1)),
      rssMib: Math.max(...this.#samples.map(([, rss]) => rss)) / MIB,
      heapMib: (process.memoryUsage().heapUsed - this.#heapBefore) / MIB,
    };
  }

  #look() {
    this.#samples.push([performance.now(), process.memoryUsage.rss()]);
  }
}

function slope(samples) {
  const mean = (pick) => samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [time, rss] = [mean(([at]) => at), mean(([, size]) => size)];
  const above = samples.reduce((sum, [at, size]) => sum + (at - time) * (size - rss), 0);
  const below = samples.reduce((sum, [at]) => sum + (at - time) ** 2, 0);
  return below === 0 ? 0 : ((above / below) * MINUTE_MS) / MIB;
}
