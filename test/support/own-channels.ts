import { randomUUID } from 'node:crypto';
import type { Channel } from 'node:diagnostics_channel';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Runs before every spec, by jest's configuration: gives the library's diagnostics channels names that only this spec has.
 *
 * Channels are the process's, and jest runs many specs in one: a spec would hear what the clients of the one before it
 * do while they end.
 */

/** Not imported: what a spec imports by name is what it was when it was imported first. */
const node = process.getBuiltinModule('node:diagnostics_channel');

/** Where Node's own functions are kept for the next spec. */
const KEPT = Symbol.for('own functions of node:diagnostics_channel');

const kept = node as typeof node & { [KEPT]?: typeof node };
const original = (kept[KEPT] ??= { ...node });

const suffix = ` (${randomUUID()})`;

const own = <Name extends string | symbol>(name: Name): string | Name =>
  typeof name === 'string' && /^(tracing:)?nestjs-memcached:/.test(name) ? name + suffix : name;

Object.assign(node, {
  channel: (name) => original.channel(own(name)),
  hasSubscribers: (name) => original.hasSubscribers(own(name)),
  subscribe: (name, listener) => original.subscribe(own(name), listener),
  unsubscribe: (name, listener) => original.unsubscribe(own(name), listener),
  tracingChannel: (name) => {
    if (typeof name !== 'string') return original.tracingChannel(name);
    const part = (event: string): Channel<any, any> => original.channel(own(`tracing:${name}:${event}`));
    return original.tracingChannel({
      start: part('start'),
      end: part('end'),
      asyncStart: part('asyncStart'),
      asyncEnd: part('asyncEnd'),
      error: part('error'),
    });
  },
} satisfies Partial<typeof node>);
syncBuiltinESMExports();
