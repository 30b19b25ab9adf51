import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from '../../memcached.mjs';
import { startChild } from '../child.mjs';
import { crashed } from './crashed.mjs';
import { LOAD_MS } from './rows.mjs';

const CALLER = new URL('storm-caller.mjs', import.meta.url);
const COMMAND_MS = 500;

/** What proxies and servers on the same processors add to a wait. */
const SLACK_MS = 250;

/** Whoever has not been answered so long after all is well has been forgotten. */
const SETTLE_LIMIT_MS = 10_000;

/** How often it is asked whether something was found that is looked for. */
const LOOK_MS = 200;

/**
 * 256 callers through proxies that do what can go wrong between machines, on two real servers.
 *
 * @param {{ dist: string, chaos: object, seconds: number, patch?: object }} how
 * @param {{ protocol: 'meta' | 'classic', lying?: boolean, seed?: number, oneIn?: number }} kind
 */
export async function chaosStorm(how, { protocol, lying = false, seed = 1 }) {
  const { chaos, seconds, oneIn = 1000, finds } = how;
  const servers = await startServers(2);
  const faults = lying ? chaos.LYING_FAULTS : chaos.HONEST_FAULTS;
  const proxies = await Promise.all(
    servers.addresses.map((address, index) => {
      const [host, port] = address.split(':');
      const options = { seed: seed + index, oneIn, faults, delayMs: COMMAND_MS * 1.5 };
      return chaos.ChaosProxy.start({ host, port: Number(port) }, options);
    }),
  );
  try {
    return await storm(how, {
      options: { servers: proxies.map(({ address }) => address), protocol },
      trusted: !lying || protocol === 'meta',
      missesTrusted: !lying,
      async disturb(caller) {
        for (const proxy of proxies) proxy.begin();
        const until = performance.now() + seconds * 1000;
        while (performance.now() < until && !(await hasFound(caller, finds)))
          await sleep(finds === undefined ? until - performance.now() : LOOK_MS);
        for (const proxy of proxies) proxy.rest();
        return proxies.reduce((sum, proxy) => sum + proxy.count, 0);
      },
    });
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await servers.stop();
  }
}

/** Whether one of these was found already; what else there is shows at the end. */
async function hasFound(caller, finds) {
  return finds !== undefined && (await caller.call('found')).some((what) => finds.includes(what));
}

/**
 * 256 callers, while something is done to what they talk to.
 *
 * @param {{ dist: string, patch?: object, pauseMs?: number, settleMs?: number, withHttp?: boolean }} how `pauseMs`: each loop
 *   waits so long between two calls; `settleMs`: when a call that has not come back is forgotten.
 * @param {object} what
 * @param {() => Promise<number>} what.disturb resolves once all is well again, with how often something was done.
 * @param {boolean} what.trusted whether what servers acknowledge is there afterwards.
 * @param {boolean} [what.missesTrusted] whether a many-key read that misses what is there is an error: `END` names no key.
 */
export async function storm(
  how,
  { options, trusted, missesTrusted = trusted, disturb, everyMs, prepare, ...what },
) {
  const { dist, patch, settleMs = SETTLE_LIMIT_MS, withHttp } = how;
  const { pauseMs = how.pauseMs ?? 0 } = what;
  const caller = await startChild(CALLER, dist, { execArgv: ['--expose-gc'], patch });
  try {
    await prepare?.(caller);
    const limits = { commandTimeout: COMMAND_MS };
    await caller.call('open', { options: { ...limits, ...options }, trusted, missesTrusted, withHttp });
    await caller.call('begin', { pauseMs, everyMs });
    const faults = await disturb(caller);
    const result = await caller.call('end', { withinMs: settleMs });
    const { unhandled, examples, warnings } = await caller.call('unhandled');
    return judged({ ...result, unhandled, examples, warnings, faults });
  } catch (error) {
    return crashed(error);
  } finally {
    await caller.kill();
  }
}

/** By how much the heap may have grown once all is over and its garbage is collected: caches of code and buffers. */
const HEAP_MIB = 16;

const NONE = ['wrong', 'stale', 'lost', 'doubled', 'unsettled', 'unhandled', 'unpaid', 'warnings'];

/** Calls that are one trip, or two and a load; `update` tries until it succeeds. */
const BOUNDED = /^(get|gets|getMany|set|incr|getOrSet|getOrSetMany|tagged|http)$/;

export function judged(result) {
  const { reads, updates, faults, handles, complaints, examples, rssPerMinute, rssMib, heapMib } = result;
  const { longestMs, livedMs } = result;
  const broken = NONE.filter((figure) => result[figure] > 0);
  const longestOf = (times) =>
    Math.max(...Object.entries(times).map(([kind, time]) => (BOUNDED.test(kind) ? time : 0)));
  const longest = longestOf(livedMs);
  const bound = 2 * COMMAND_MS + LOAD_MS;
  const found = [
    ...broken,
    ...(longest > bound + SLACK_MS ? ['longest'] : []),
    ...(handles.length > 0 ? ['handles'] : []),
    ...(heapMib > HEAP_MIB ? ['heap'] : []),
  ];
  const kinds = Object.entries(longestMs).map(([kind, time]) => `${kind} ${Math.round(time)}`);
  const filled =
    result.filled > 0 ? `values whose missing end the next reply has filled: ${result.filled}; ` : '';
  return {
    figure:
      `${reads.toLocaleString('en')} reads, ${updates.toLocaleString('en')} updates, ${faults.toLocaleString('en')} faults: ` +
      `${broken.length === 0 ? 'nothing wrong, stale, lost, doubled or unsettled' : broken.map((figure) => `${result[figure]} ${figure}`).join(', ')}; ` +
      `longest wait ${Math.round(longest)} ms (${Math.round(longestOf(longestMs))} with what the process stood still); handles left ${handles.length}; heap ${heapMib >= 0 ? '+' : ''}${heapMib.toFixed(1)} MiB`,
    bound: `0 of each; ≤ ${bound} ms (and what the machine adds); 0; ${HEAP_MIB} MiB`,
    held: found.length === 0,
    sound: found.every((what) => what === 'longest'),
    note:
      `RSS at most ${rssMib.toFixed(0)} MiB, ${rssPerMinute.toFixed(1)} MiB a minute at the end; ${filled}` +
      `event loop delay p99.9 ${result.eventLoop.p999Ms.toFixed(0)} ms; ` +
      `longest waits in ms: ${kinds.join(', ')}`,
    details: [...complaints, ...examples, ...(handles.length > 0 ? [`handles: ${handles.join(', ')}`] : [])],
    found,
  };
}
