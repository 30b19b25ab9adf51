import { randomUUID } from 'node:crypto';
// oxlint-disable-next-line unicorn/prefer-node-protocol -- with `node:`, jest would map it to this file
import * as node from 'diagnostics_channel';
import type { Channel, ChannelListener, TracingChannel } from 'node:diagnostics_channel';

/*
 * What `node:diagnostics_channel` is in every spec, by jest's configuration: Node's own, where channels of the library
 * have names that only this spec knows.
 *
 * Channels are the process's, and jest runs many specs in one: a spec would hear what the clients of the one before it
 * do while they end.
 */

const OWN = ` (${randomUUID()})`;

type Name = string | symbol;

const own = (name: Name): Name =>
  typeof name === 'string' && /^(tracing:)?nestjs-memcached:/.test(name) ? name + OWN : name;

export const channel = (name: Name): Channel => node.channel(own(name));
export const hasSubscribers = (name: Name): boolean => node.hasSubscribers(own(name));
export const subscribe = (name: Name, listener: ChannelListener): void => node.subscribe(own(name), listener);
export const unsubscribe = (name: Name, listener: ChannelListener): boolean =>
  node.unsubscribe(own(name), listener);

export function tracingChannel(name: string): TracingChannel {
  const part = (event: string): Channel<unknown, object> =>
    channel(`tracing:${name}:${event}`) as Channel<unknown, object>;
  return node.tracingChannel({
    start: part('start'),
    end: part('end'),
    asyncStart: part('asyncStart'),
    asyncEnd: part('asyncEnd'),
    error: part('error'),
  });
}
