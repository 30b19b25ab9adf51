/**
 * Carries the near cache's messages between processes; one of your own can be given as the option `near.bus`.
 *
 * It may lose, repeat, hold up or reorder them: the near cache numbers its messages, hears its own heartbeat, and falls
 * back to `maxAge` when it cannot rely on what it hears. That it holds up messages is noticed by one's own alone: it should bring
 * everybody's as fast. What it says is bytes that name no key.
 */
export interface NearCacheBus {
  /**
   * Begins to listen. Called once, before the first `publish`, by each near cache that was given the bus: a second call, or one
   * after `close`, is of another near cache, and best rejects.
   *
   * Where it rejects, the near cache works without a bus, says so, and does not close it; where it never settles, it works
   * without one.
   */
  subscribe(listener: NearCacheBusListener): Promise<void>;

  /**
   * Sends a message to all that listen, this process as well.
   *
   * @param message some bytes to some kilobytes; not changed after the call.
   * @returns a promise that need not tell whether anybody heard it; one that rejects says that it may be lost.
   */
  publish(message: Uint8Array): Promise<void>;

  /** Ends it. What it was made of, the client of a broker, stays open: that is its owner's. */
  close(): Promise<void>;
}

/** What hears a bus. Neither method throws. */
export interface NearCacheBusListener {
  /**
   * Takes a message.
   *
   * @param bytes as they were published, by whichever process. Not kept after the call.
   */
  message(bytes: Uint8Array): void;

  /**
   * Is told how the transport is.
   *
   * @param isConnected false when the transport was lost, and what was sent since then may be; true when it is back.
   */
  connected(isConnected: boolean): void;
}
