/* A fleet of processes that share a memcached and a database. Plain JavaScript, so that a script can use it as well. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** A database that takes its time, before it reads a row and after. */
export class SlowDatabase {
  constructor(keys, latencyMs) {
    this.rows = Array.from({ length: keys }, () => 0);
    this.latencyMs = latencyMs;
    this.loads = 0;
    this.writes = 0;
    this.waiting = [];
  }

  /** Resolves once there have been so many loads, or writes. */
  reached(wanted) {
    return new Promise((resolve) => void this.waiting.push({ ...wanted, resolve }));
  }

  async answer({ load, write }) {
    await this.#work();
    if (write === undefined) {
      this.loads += 1;
    } else {
      this.rows[write] += 1;
      this.writes += 1;
    }
    this.waiting = this.waiting.filter(({ loads = 0, writes = 0, resolve }) => {
      if (this.loads < loads || this.writes < writes) return true;
      resolve();
      return false;
    });
    const value = this.rows[write ?? load];
    await Promise.all([this.#work(), this.held]);
    return value;
  }

  /**
   * Keeps back the answers from now on: rows are read and written, and nobody is told.
   *
   * @returns a function that lets them go.
   */
  hold() {
    let letGo;
    this.held = new Promise((resolve) => {
      letGo = resolve;
    });
    return () => {
      this.held = undefined;
      letGo();
    };
  }

  #work() {
    return new Promise((resolve) => void setTimeout(resolve, (Math.random() * this.latencyMs) / 2));
  }
}

/** Starts one process. */
function startWorker(libDir, database) {
  const child = fork(WORKER, [libDir], { execArgv: [] });
  const calls = new Map();
  const reads = [];
  const invalidations = [];
  const writing = [];
  let count = 0;
  const exited = new Promise((resolve) => void child.once('exit', resolve));
  child.once('exit', () => {
    for (const { reject } of calls.values()) reject(new Error('the process has ended'));
  });
  const receive = async ({ question, invalidated, reads: told, id, result, error }) => {
    if (told !== undefined) {
      for (const read of told) reads.push(read);
      return;
    }
    if (invalidated !== undefined) {
      invalidations.push(invalidated);
      writing.splice(writing.indexOf(invalidated[0]), 1);
      return;
    }
    if (question !== undefined) {
      if (question.write !== undefined) writing.push(question.write);
      const answer = await database.answer(question);
      if (child.connected) child.send({ id, answer }, () => undefined);
      return;
    }
    const { resolve, reject } = calls.get(id);
    calls.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  };
  child.on('message', (message) => void receive(message));
  /** Has the process do something, and resolves with what came of it. */
  const call = (operation, args) => {
    count += 1;
    const id = count;
    return new Promise((resolve, reject) => {
      calls.set(id, { resolve, reject });
      child.send({ operation, id, args }, (error) => {
        if (error) reject(new Error(`${operation} could not be sent`, { cause: error }));
      });
    });
  };
  const kill = () => {
    child.kill('SIGKILL');
    return exited;
  };
  const stop = async () => {
    if (child.connected) await call('stop').catch(() => undefined);
    return kill();
  };
  return { exited, reads, invalidations, writing, call, kill, stop };
}

/** Starts processes. */
export async function startWorkers(count, { libDir, database, clientOptions, cacheOptions = {} }) {
  const workers = Array.from({ length: count }, () => startWorker(libDir, database));
  await Promise.all(workers.map((worker) => worker.call('start', { clientOptions, cacheOptions })));
  return workers;
}

/** The least of some numbers that so large a part of them is not above. */
export function quantile(numbers, part) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}

/**
 * The reads that began after an invalidation had returned and got an older value.
 *
 * @param reads of all processes: `[key, value, began]`.
 * @param invalidations of all processes: `[key, value, returned]`.
 */
export function olderReads(reads, invalidations) {
  const byKey = new Map();
  for (const [key, value, returned] of invalidations) {
    if (!byKey.has(key)) byKey.set(key, []);
    byKey.get(key).push([returned, value]);
  }
  return reads.filter(([key, value, began]) =>
    (byKey.get(key) ?? []).some(([returned, written]) => returned < began && value < written),
  );
}
