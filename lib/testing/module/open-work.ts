import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { nextTurn } from '../../timers.js';

/** So many turns of the event loop nothing may have begun: what a response has left to do begins in the next of them. */
const QUIET_TURNS = 4;

/** Loads of this process, and commands on their way to some servers, that have begun and are not over. */
export class OpenWork implements Disposable {
  readonly #commands = new Set<unknown>();
  readonly #servers: ReadonlySet<string>;
  #loads = 0;
  readonly #ends = new EventEmitter();

  readonly #subscribers = {
    start: (message: unknown): void => {
      if (this.#servers.has((message as { server: string }).server)) this.#commands.add(message);
    },
    asyncEnd: (message: unknown): void => {
      if (this.#commands.delete(message)) this.#ends.emit('end');
    },
    end: (): void => undefined,
    asyncStart: (): void => undefined,
    error: (): void => undefined,
  };

  readonly #onLoad = (): void => void (this.#loads += 1);

  readonly #onLoadEnd = (): void => {
    // One that had begun before is not counted.
    this.#loads = Math.max(0, this.#loads - 1);
    this.#ends.emit('end');
  };

  /** @param servers `host:port` of each. */
  constructor(servers: Iterable<string>) {
    this.#servers = new Set(servers);
    tracingChannel('nestjs-memcached:command').subscribe(this.#subscribers);
    subscribe('nestjs-memcached:cache:load', this.#onLoad);
    subscribe('nestjs-memcached:cache:load-end', this.#onLoadEnd);
  }

  /** Resolves once none of it is left, and none has begun since. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      while (this.#loads + this.#commands.size > 0) {
        quiet = 0;
        await once(this.#ends, 'end');
      }
      await nextTurn();
    }
  }

  [Symbol.dispose](): void {
    tracingChannel('nestjs-memcached:command').unsubscribe(this.#subscribers);
    unsubscribe('nestjs-memcached:cache:load', this.#onLoad);
    unsubscribe('nestjs-memcached:cache:load-end', this.#onLoadEnd);
    this.#commands.clear();
    this.#loads = 0;
    this.#ends.emit('end');
  }
}
