import { startWorkers } from '../../test/cache/processes/fleet.mjs';

/** The processes of one run, so that all of them are ended. */
export class Fleet {
  /** @readonly */
  #options;
  /** @readonly */
  #workers = new Set();

  constructor(options) {
    this.#options = options;
  }

  async start(count) {
    const workers = await startWorkers(count, this.#options);
    for (const worker of workers) this.#workers.add(worker);
    return workers;
  }

  /** Whether it was started and not killed. */
  has(worker) {
    return this.#workers.has(worker);
  }

  async kill(worker) {
    this.#workers.delete(worker);
    await worker.kill();
  }

  async stop() {
    await Promise.all(Array.from(this.#workers, (worker) => worker.kill()));
  }
}
