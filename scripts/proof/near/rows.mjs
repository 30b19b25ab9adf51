import { setTimeout as sleep } from 'node:timers/promises';
import { prepareOurselves } from '../../../bench/prepare.mjs';
import { BUSES } from './buses.mjs';
import { nearStorm } from './storm.mjs';

/** The storms without a bus. */
const HARMS = [
  { name: 'keys', how: {} },
  { name: 'tags', how: { tags: true } },
  { name: 'keys, a server paused', how: { paused: true } },
  { name: 'keys, processes killed', how: { killed: true } },
];

/** The same with a bus, and what becomes of it. */
const BUS_HARMS = [
  { name: 'keys', how: {}, isCalm: true },
  { name: 'tags', how: { tags: true }, isCalm: true },
  { name: 'cut for 2 s', how: {}, bus: { cut: true } },
  { name: 'the way to it cut for 2 s', how: {}, cutsPath: true },
  { name: '30 % of the messages lost', how: {}, bus: { lost: 0.3 } },
  { name: 'a server paused', how: { paused: true } },
  { name: 'processes killed', how: { killed: true } },
];

/** As long as the way to a broker is cut, of which the buses know. */
const CUT_MS = 2000;

/** With a bus of which nothing is lost, the last process drops an old value within so long, at the 99th percentile. */
const P99_MS = 20;

/** Where less is read out of processes in a second of a storm, or changed, nothing is proved about near caches: a busy machine does more. */
const LEAST_A_SECOND = { nearHits: 200, invalidations: 5 };

/** Those that a check has time for. */
const SHORT = new Set(['30 % of the messages lost']);

/** What is promised of near caches, a row each. */
export const NEAR_ROWS = [
  ...HARMS.map(({ name, how }) => ({ name: `near cache, ${name}`, run: (all) => row(all, how) })),
  ...Object.keys(BUSES).flatMap((broker) =>
    BUS_HARMS.map((harm) => ({
      name: `near cache, ${broker}, ${harm.name}`,
      isLong: !SHORT.has(harm.name) || broker !== 'Redis',
      run: (all) => withBus(all, broker, harm),
    })),
  ),
  { name: 'BentoCache, Redis, 30 % of the messages lost', isLong: true, run: rival },
  { name: 'near cache, planted: nobody tells of what he changes', run: planted },
];

/** Planted, so that it is known that these storms would show it. */
const NOBODY_TELLS = {
  file: 'cluster/epoch-bumps.js',
  from: '(isKnown && !this.#isMarked) ||',
  to: 'true ||',
};

/** One storm as a row. */
export async function row({ dist, nearSeconds }, how) {
  const result = await nearStorm(dist, { seconds: nearSeconds, ...how });
  const { beyond, stale, keys, worstMs, p99LagMs, reads, nearHits, invalidations, kills, boundMs } = result;
  const served = `${((100 * nearHits) / Math.max(1, reads)).toFixed(1)} %`;
  const isTried =
    nearHits >= LEAST_A_SECOND.nearHits * nearSeconds &&
    invalidations >= LEAST_A_SECOND.invalidations * nearSeconds;
  const sound = beyond === 0 && stale === 0;
  const held = sound && isTried;
  return {
    p99LagMs,
    figure: `${beyond} beyond, worst ${Math.round(worstMs)} ms, p99 ${Math.round(p99LagMs)} ms; ${stale} of ${keys} stale at rest${isTried ? '' : '; too few reads or changes to prove anything'}`,
    bound: `0 beyond ${boundMs} ms, 0 stale`,
    held,
    // How much a busy machine gets done is shown in a check, and not judged.
    sound,
    note: `${(reads / 1e6).toFixed(2)} M reads, ${served} near hits, ${invalidations} invalidations${kills > 0 ? `, ${kills} killed` : ''}`,
  };
}

/** Whether what was planted is noticed: in the first storm that gets enough done for it. */
async function planted({ dist }) {
  let [beyond, stale] = [0, 0];
  for (let storm = 0; storm < 3 && (beyond === 0 || stale === 0); storm += 1) {
    ({ beyond, stale } = await nearStorm(dist, { seconds: 3 * 2 ** storm, patch: NOBODY_TELLS }));
  }
  const held = beyond > 0 && stale > 0;
  return { figure: `${beyond} beyond, ${stale} stale at rest`, bound: 'is noticed', held, sound: held };
}

/** The same through BentoCache, whose values in the process end with their ttl if a message is lost. Shown, and not judged. */
async function rival({ dist, nearSeconds }) {
  await prepareOurselves();
  const { port, stop } = await BUSES.Redis.start();
  try {
    const { beyond, stale, keys, worstMs, reads, invalidations } = await nearStorm(dist, {
      seconds: nearSeconds,
      module: new URL('rival.mjs', import.meta.url),
      bus: { args: { port, lost: 0.3 } },
    });
    return {
      figure: `${beyond} beyond, worst ${Math.round(worstMs)} ms; ${stale} of ${keys} stale at rest`,
      bound: 'shown, not judged',
      held: true,
      sound: true,
      note: `${(reads / 1e6).toFixed(2)} M reads, ${invalidations} invalidations`,
    };
  } finally {
    await stop();
  }
}

/** A storm with a bus on a broker of its own. */
async function withBus(all, broker, { how, bus = {}, cutsPath = false, isCalm = false }) {
  if (!BUSES[broker].isInstalled()) throw new Error(`${broker} is not installed`);
  const { port, stop, onPort } = await BUSES[broker].start();
  const proxy = await all.faults.FaultProxy.start({ host: '127.0.0.1', port });
  const cutPath = async () => {
    await proxy.down();
    await sleep(CUT_MS);
    await proxy.up();
  };
  try {
    const held = await row(all, {
      ...how,
      bus: { ...onPort(proxy.port), ...bus, ...(cutsPath ? { cutPath } : {}) },
    });
    if (!isCalm) return held;
    // A time, so a check shows it and does not judge it.
    return {
      ...held,
      bound: `${held.bound}, p99 ≤ ${P99_MS} ms`,
      held: held.held && held.p99LagMs <= P99_MS,
    };
  } finally {
    await proxy.close();
    await stop();
  }
}
