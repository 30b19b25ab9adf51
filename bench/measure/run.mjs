import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

const MIB = 1024 * 1024;

/** What the loops of one cell share: whether to go on, and how much is done. */
export class Run {
  going = true;
  done = 0;
  /** Set while what happens counts. */
  counting = false;
  /** What operations have left in the heap. */
  garbage = new Garbage();
  #limit;
  #index = -1;
  #size;

  /**
   * @param {number} size how many different things there are to be asked for, in turn.
   * @param {number} [limit] ends the run after so many operations.
   */
  constructor(size, limit = Infinity) {
    this.#size = size;
    this.#limit = limit;
  }

  /** The index of what is asked for next. */
  next() {
    this.#index = this.#index + 1 === this.#size ? 0 : this.#index + 1;
    return this.#index;
  }

  /** One operation is done. */
  tick() {
    this.done += 1;
    if (this.counting && this.done % OPERATIONS === 0) this.garbage.look();
    if (this.done === this.#limit) this.going = false;
  }
}

/**
 * Starts the loops and takes the figures of the time after the warm-up.
 *
 * @param {Run} run
 * @param {() => Promise<void>[]} begin starts the loops, which end some time after `run.going` has become false.
 * @param {{ warmupMs: number, measureMs?: number }} budget without `measureMs` the run ends at its limit.
 * @returns operations a second; for each operation, processor time in µs and bytes of garbage; for a million, milliseconds of garbage
 *   collection; and by how many MiB the process has grown at its largest.
 */
export async function take(run, begin, { warmupMs, measureMs }) {
  const collector = new Collections();
  const rssBefore = process.memoryUsage.rss();
  const loops = Promise.all(begin());
  if (warmupMs > 0) await Promise.race([wait(warmupMs), loops]);
  const [doneBefore, cpuBefore, startedAt] = [run.done, process.cpuUsage(), performance.now()];
  run.counting = true;
  const watch = new GrowthWatch(rssBefore);
  if (measureMs === undefined) await loops;
  else await Promise.race([wait(measureMs), loops]);
  run.counting = false;
  const [elapsedMs, cpu, done] = [
    performance.now() - startedAt,
    process.cpuUsage(cpuBefore),
    run.done - doneBefore,
  ];
  const growth = watch.end();
  run.going = false;
  await loops;
  return {
    rate: (done / elapsedMs) * 1000,
    cpuMicros: (cpu.user + cpu.system) / done,
    garbageBytes: run.garbage.perOperation(),
    gcMsPerMillion: (collector.end(startedAt, startedAt + elapsedMs) / done) * 1e6,
    growthMib: growth / MIB,
  };
}

/** Between so many operations the heap is looked at: few enough that it is rarely collected meanwhile. */
const OPERATIONS = 256;

/** How much memory operations take: what they keep, and what they leave to be collected. */
class Garbage {
  #used = 0;
  #grown = [];

  look() {
    const used = getHeapStatistics().used_heap_size;
    if (this.#used > 0) this.#grown.push(used - this.#used);
    this.#used = used;
  }

  /** @returns {number} bytes: the median, and so of a time in which nothing was collected. */
  perOperation() {
    return this.#grown.toSorted((a, b) => a - b)[this.#grown.length >> 1] / OPERATIONS;
  }
}

/** How large the process becomes. */
class GrowthWatch {
  #before;
  #peak = 0;
  #timer;

  constructor(before) {
    this.#before = before;
    this.#timer = setInterval(() => this.#look(), 20);
  }

  end() {
    clearInterval(this.#timer);
    this.#look();
    return this.#peak - this.#before;
  }

  #look() {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
  }
}

/** The garbage collections of this process. */
class Collections {
  #observer = new PerformanceObserver((list) => this.#keep(list.getEntries()));
  #entries = [];

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** @returns {number} how many milliseconds those took that began in this span. */
  end(from, to) {
    this.#keep(this.#observer.takeRecords());
    this.#observer.disconnect();
    return this.#entries
      .filter(({ startTime }) => startTime >= from && startTime <= to)
      .reduce((sum, { duration }) => sum + duration, 0);
  }

  #keep(entries) {
    for (const { startTime, duration } of entries) this.#entries.push({ startTime, duration });
  }
}
