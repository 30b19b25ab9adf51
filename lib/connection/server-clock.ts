import type { Request } from '../protocol/request.js';
import { performance } from '../timers.js';
import { unixMs } from '../unix-time.js';

/** Clocks less far apart are taken for equal: a server's stands still for up to a second, and its answer takes time. */
const SAME_MS = 5000;

/** The time of day on a server, whatever the clock of this process says now or later. */
export class ServerClock {
  /** The server's time when this process's steady clock began; NaN where it is not known. */
  readonly #originMs: number;

  /** @param stats the server's general statistics, if it gave any. */
  constructor(stats?: ReadonlyMap<string, string>) {
    this.#originMs = Number(stats?.get('time')) * 1000 - performance.now();
  }

  /** Has a request that names a time of day name the server's. */
  adjust(request: Request): void {
    const aheadMs = this.#originMs + performance.now() - unixMs();
    request.ownDetails().aheadSeconds = Math.abs(aheadMs) >= SAME_MS ? Math.floor(aheadMs / 1000) : 0;
  }
}
