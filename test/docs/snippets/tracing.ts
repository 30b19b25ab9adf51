import { tracingChannel } from 'node:diagnostics_channel';
import type { CommandMessage } from '../../../lib/index.js';

/** Calls `observe` with the milliseconds, the operation and the outcome of every command; returns how to stop. */
export function measureCommands(
  observe: (milliseconds: number, operation: string, outcome: string) => void,
): () => void {
  const subscribers = {
    asyncEnd: (message: unknown) => {
      const { durationMs, operation, outcome = 'error' } = message as CommandMessage;
      observe(durationMs, operation, outcome);
    },
    start: () => {},
    end: () => {},
    asyncStart: () => {},
    error: () => {},
  };
  const channel = tracingChannel('nestjs-memcached:command');
  channel.subscribe(subscribers);
  return () => channel.unsubscribe(subscribers);
}
