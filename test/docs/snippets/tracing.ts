// snippet: tracing
import { tracingChannel } from 'node:diagnostics_channel';
import type { CommandMessage } from '../../../lib/index.js';

/** Calls `observe` with the milliseconds, the operation and the outcome of every command; returns how to stop. */
export function measureCommands(
  observe: (milliseconds: number, operation: string, outcome: string) => void,
): () => void {
  const started = new WeakMap<object, number>();
  const subscribers = {
    start: (message: unknown) => void started.set(message as CommandMessage, performance.now()),
    asyncEnd: (message: unknown) => {
      const { operation, outcome = 'error' } = message as CommandMessage;
      observe(performance.now() - started.get(message as CommandMessage)!, operation, outcome);
    },
    end: () => {},
    asyncStart: () => {},
    error: () => {},
  };
  const channel = tracingChannel('nestjs-memcached:command');
  channel.subscribe(subscribers);
  return () => channel.unsubscribe(subscribers);
}
// end
