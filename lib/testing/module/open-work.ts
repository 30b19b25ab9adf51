import { tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { nextTurn } from '../../timers.js';

/** So many turns of the event loop nothing may have begun: what a response has left to do begins in the next of them. */
const QUIET_TURNS = 4;

const COMMANDS = tracingChannel('nestjs-memcached:command');
const LOADS = tracingChannel('nestjs-memcached:load');

/** Loads of this process, and commands on their way to some servers, that have begun since this was made and are not over. */
export class OpenWork implements Disposable {
  /** The message of each, which is the same at its end. */
  readonly #open = new Set<object>();
  /** Any number may wait. */
  readonly #ends = new EventEmitter().setMaxListeners(0);
  readonly #onCommands: TracingChannelSubscribers<object>;
  readonly #onLoads = this.#subscribers(() => true);

  /** @param addresses `host:port` of each server. */
  constructor(addresses: Iterable<string>) {
    const servers = new Set(addresses);
    this.#onCommands = this.#subscribers((message) => servers.has((message as { server: string }).server));
    COMMANDS.subscribe(this.#onCommands);
    LOADS.subscribe(this.#onLoads);
  }

  /** Resolves once none of it is left, and none has begun since. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      while (this.#open.size > 0) {
        quiet = 0;
        await once(this.#ends, 'end');
      }
      await nextTurn();
    }
  }

  [Symbol.dispose](): void {
    COMMANDS.unsubscribe(this.#onCommands);
    LOADS.unsubscribe(this.#onLoads);
    this.#open.clear();
    this.#ends.emit('end');
  }

  #subscribers(isMeant: (message: object) => boolean): TracingChannelSubscribers<object> {
    return {
      start: (message) => {
        if (isMeant(message)) this.#open.add(message);
      },
      asyncEnd: (message) => {
        if (this.#open.delete(message)) this.#ends.emit('end');
      },
      end: () => undefined,
      asyncStart: () => undefined,
      error: () => undefined,
    };
  }
}
