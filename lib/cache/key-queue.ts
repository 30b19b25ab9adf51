import type { AbortWatch } from '../abort-watch.js';
import type { Clock } from './clock.js';

/**
 * Lets those who want a key stand in line, in this process.
 *
 * The line spares its members a contention that they could bear. So behind one that does not come back it moves on, one
 * member at a time.
 */
export class KeyQueue {
  readonly #clock: Clock;
  readonly #aborts: AbortWatch;
  readonly #patienceMs: number;
  readonly #lines = new Map<string, Line>();

  /** @param patienceMs how long whoever is at work may take until the next one goes on beside it. */
  constructor({ clock, aborts }: { readonly clock: Clock; readonly aborts: AbortWatch }, patienceMs: number) {
    this.#clock = clock;
    this.#aborts = aborts;
    this.#patienceMs = patienceMs;
  }

  /**
   * Runs work when it is its turn.
   *
   * @throws the signal's reason, when it is aborted in line.
   */
  async run<T>(key: string, work: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn: Turn = { overtaken: false };
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, { current: turn, waiting: [], callOff: () => undefined });
    else await this.#wait(key, line, turn, signal);
    try {
      return await work(turn);
    } finally {
      const mine = this.#lines.get(key);
      if (mine?.current === turn) this.#next(key, mine);
    }
  }

  #wait(key: string, line: Line, turn: Turn, signal: AbortSignal | undefined): Promise<void> {
    const member = { turn, go: (): void => undefined };
    const wait = (): Promise<void> =>
      new Promise((resolve) => {
        member.go = resolve;
        line.waiting.push(member);
        if (line.waiting.length === 1) this.#overtakeLater(key, line);
      });
    if (signal === undefined) return wait();
    return this.#aborts.until(signal, wait, () => {
      const place = line.waiting.indexOf(member);
      if (place < 0) {
        // Let on in the same moment.
        if (this.#lines.get(key)?.current === turn) this.#next(key, line);
        return;
      }
      line.waiting.splice(place, 1);
      if (line.waiting.length === 0) line.callOff();
    });
  }

  /** Lets the next one on. */
  #next(key: string, line: Line): void {
    line.callOff();
    const next = line.waiting.shift();
    if (next === undefined) {
      this.#lines.delete(key);
      return;
    }
    line.current = next.turn;
    if (line.waiting.length > 0) this.#overtakeLater(key, line);
    next.go();
  }

  #overtakeLater(key: string, line: Line): void {
    line.callOff = this.#clock.after(this.#patienceMs, () => {
      line.current.overtaken = true;
      this.#next(key, line);
    });
  }
}

/** One who stands in line, and then is at work. */
export interface Turn {
  /** Somebody who stood behind has gone on beside it, as it took long. */
  overtaken: boolean;
}

/** The line for one key. */
interface Line {
  /** Whose turn it is: who was let on last. */
  current: Turn;
  readonly waiting: { readonly turn: Turn; readonly go: () => void }[];
  callOff: () => void;
}
