import { startServers } from '../../memcached.mjs';
import { startChild } from '../child.mjs';
import { crashed } from './crashed.mjs';

const CALLER = new URL('hostile-caller.mjs', import.meta.url);

/** What a process has that takes part: a value that comes to gigabytes, or a list of names, must not end it. */
const HEAP_MB = 256;

export const hostileValues = (how) =>
  tried(how, 'values', { count: how.hostile.values }, 'of each of 14 codecs');

export const injections = (protocol) => (how) =>
  tried(
    how,
    'injections',
    { count: how.hostile.injections / 2, protocol },
    `by every parameter, ${protocol}`,
  );

export const forgeries = (how) =>
  tried(how, 'forgeries', { count: how.hostile.forgeries }, 'entries, tags, leases and answers of routes');

export const forgedDiscovery = (how) =>
  tried(how, 'discovery', { count: how.hostile.discovery }, 'lists of servers');

async function tried({ dist, patch }, operation, args, what) {
  const servers = await startServers(1);
  const execArgv = [`--max-old-space-size=${HEAP_MB}`];
  try {
    const caller = await startChild(CALLER, dist, { execArgv, patch });
    try {
      const result = await caller.call(operation, { ...args, address: servers.addresses[0] });
      return judged({ ...result, ...(await caller.call('unhandled')) }, what);
    } finally {
      await caller.kill();
    }
  } catch (error) {
    return crashed(error);
  } finally {
    await servers.stop();
  }
}

function judged(
  { tried: count, refused, wrong, complaints, unhandled, examples, maxRssMib, longestMs, eventLoop },
  what,
) {
  const found = [...(wrong > 0 ? ['wrong'] : []), ...(unhandled > 0 ? ['unhandled'] : [])];
  return {
    figure: `${count.toLocaleString('en')} ${what}: ${wrong} wrong, ${unhandled} unhandled, ${refused.toLocaleString('en')} refused; RSS at most ${maxRssMib.toFixed(0)} MiB`,
    bound: `0, 0, a heap of ${HEAP_MB} MB`,
    held: found.length === 0,
    note:
      eventLoop === undefined
        ? `longest ${longestMs.toFixed(1)} ms`
        : `event loop delay p99.9 ${eventLoop.p999Ms.toFixed(0)} ms, at most ${eventLoop.maxMs.toFixed(0)} ms`,
    details: [...complaints, ...examples],
    found,
  };
}
