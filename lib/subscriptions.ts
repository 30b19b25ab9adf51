import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { WatchedCommand } from './client/watched-command.js';
import type { CacheMessage } from './nest/cache-diagnostics.js';
import type { GetOrSetMessage, LoadMessage, RefreshMessage } from './nest/trace-channels.js';

/** What is listened to, until it ends. */
export class Subscriptions {
  readonly #all: (readonly [channel: string, listener: Listener])[] = [];

  /** Listens to something that happens in caches. */
  on(happening: 'hit' | 'miss' | 'stale', listener: (message: CacheMessage) => void): void {
    this.#listen(`nestjs-memcached:cache:${happening}`, listener as Listener);
  }

  /** Is told of every command, outside of the context of its caller. */
  onCommand(event: 'begin' | 'end', listener: (command: WatchedCommand) => void): void {
    this.#listen(`nestjs-memcached:watch:${event}`, listener as Listener);
  }

  /** Listens to one end of what is traced. */
  onTrace<Name extends keyof Traced>(
    name: Name,
    event: 'start' | 'asyncEnd',
    listener: (message: Traced[Name]) => void,
  ): void {
    this.#listen(`tracing:nestjs-memcached:${name}:${event}`, listener as Listener);
  }

  /** Listens to nothing any more. */
  end(): void {
    for (const [channel, listener] of this.#all.splice(0)) unsubscribe(channel, listener);
  }

  #listen(channel: string, listener: Listener): void {
    subscribe(channel, listener);
    this.#all.push([channel, listener]);
  }
}

type Listener = (message: unknown) => void;

/** The messages of the tracing channels. */
interface Traced {
  readonly 'get-or-set': GetOrSetMessage;
  readonly refresh: RefreshMessage;
  readonly load: LoadMessage;
}
