/* Our client while somebody listens to every command. */
import { subscribe } from 'node:diagnostics_channel';

let ended = 0;

for (const event of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
  subscribe(`tracing:nestjs-memcached:command:${event}`, () => {
    if (event === 'asyncEnd') ended += 1;
  });
}

export { open } from './nestjs-memcached.mjs';
