import type { NearCacheBusListener } from '../../../lib/near-cache-bus.js';

/** Remembers what it hears of a bus. */
export class BusEar implements NearCacheBusListener {
  readonly heard: string[] = [];
  /** What it was told of the transport. */
  readonly states: boolean[] = [];
  readonly #waiting = new Set<() => void>();

  message(bytes: Uint8Array): void {
    this.heard.push(Buffer.from(bytes).toString('latin1'));
    this.#look();
  }

  connected(isConnected: boolean): void {
    this.states.push(isConnected);
    this.#look();
  }

  /** Resolves when it has heard a message. */
  hears(message: string): Promise<void> {
    return this.#until(() => this.heard.includes(message));
  }

  /** Resolves when it was told so of the transport, last of all. */
  knows(isConnected: boolean): Promise<void> {
    return this.#until(() => this.states.at(-1) === isConnected);
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}
