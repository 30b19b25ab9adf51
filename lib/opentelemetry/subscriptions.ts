import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** What is listened to, until it ends. */
export class Subscriptions {
  readonly #all: (readonly [channel: string, listener: (message: unknown) => void])[] = [];

  /** @param channel without what stands before all names. */
  on<Message>(channel: string, listener: (message: Message) => void): void {
    const hear = (message: unknown): void => listener(message as Message);
    this.#listen(`nestjs-memcached:${channel}`, hear);
  }

  /** Listens to an event of a tracing channel. */
  onTrace<Message>(channel: string, event: 'start' | 'asyncEnd', listener: (message: Message) => void): void {
    const hear = (message: unknown): void => listener(message as Message);
    this.#listen(`tracing:nestjs-memcached:${channel}:${event}`, hear);
  }

  end(): void {
    for (const [channel, listener] of this.#all.splice(0)) unsubscribe(channel, listener);
  }

  #listen(channel: string, listener: (message: unknown) => void): void {
    subscribe(channel, listener);
    this.#all.push([channel, listener]);
  }
}
