/** A bus that loses a part of what it hears, at random, and all of it while it is cut. Nobody is told. */
export class LosingBus {
  /** @readonly */
  #bus;
  /** @readonly */
  #lost;
  #cutUntil = 0;

  /** @param lost which part of the messages is lost, from 0 to 1. */
  constructor(bus, lost) {
    this.#bus = bus;
    this.#lost = lost;
  }

  cut(forMs) {
    this.#cutUntil = performance.now() + forMs;
  }

  subscribe(listener) {
    return this.#bus.subscribe({
      message: (bytes) => {
        if (!this.#isCut() && Math.random() >= this.#lost) listener.message(bytes);
      },
      connected: (isConnected) => listener.connected(isConnected),
    });
  }

  async publish(message) {
    if (!this.#isCut()) await this.#bus.publish(message);
  }

  close() {
    return this.#bus.close();
  }

  #isCut() {
    return performance.now() < this.#cutUntil;
  }
}
