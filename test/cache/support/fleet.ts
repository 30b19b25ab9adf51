import { CacheEngine } from '../../../lib/cache/cache-engine.js';
import type { CachePorts } from '../../../lib/cache/cache-ports.js';
import type { MemcachedCacheOptions } from '../../../lib/options/cache-options.js';
import { FakeClock } from './fake-clock.js';
import { MapServer, type MapConnection } from './map-server.js';

/** One process of a fleet. */
export interface Member {
  readonly cache: CacheEngine;
  readonly store: MapConnection;
}

/** Processes that share a server, and time. */
export class Fleet {
  readonly server = new MapServer();
  readonly clock = new FakeClock();
  /** What `Math.random` says. */
  randomSource: () => number = () => 0.5;

  /** Starts a process. */
  start(options: MemcachedCacheOptions = {}, outside?: CachePorts['outside']): Member {
    const store = this.server.connect();
    const cache = new CacheEngine(store, options, {
      clock: this.clock,
      random: () => this.randomSource(),
      outside,
    });
    return { cache, store };
  }

  /** Lets time pass until a promise settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.finally(() => (settled = true)).catch(() => undefined);
    for (let passed = 0; !settled; passed += 50) {
      if (passed > 600_000) throw new Error('nothing came of it in ten minutes');
      await this.pass(50);
    }
    return promise;
  }

  /** Lets time pass, second by second at the server. */
  async pass(ms: number): Promise<void> {
    let left = ms;
    while (left > 0) {
      const step = Math.min(left, 1000 - (this.clock.now() % 1000));
      await this.clock.advance(step);
      if (this.clock.now() % 1000 === 0) this.server.time += 1;
      left -= step;
    }
  }
}

/** A promise and the means to settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
