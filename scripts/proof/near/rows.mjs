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
  { name: 'keys', how: {} },
  { name: 'tags', how: { tags: true } },
  { name: 'cut for 2 s', how: {}, bus: { cut: true } },
  { name: '30 % of the messages lost', how: {}, bus: { lost: 0.3 } },
  { name: 'a server paused', how: { paused: true } },
  { name: 'processes killed', how: { killed: true } },
];

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
  // Where little is served by near caches, nothing is proved about them.
  const isTried = reads > 1000 && nearHits > reads / 10 && invalidations > 20;
  const held = beyond === 0 && stale === 0 && isTried;
  return {
    figure: `${beyond} beyond, worst ${Math.round(worstMs)} ms, p99 ${Math.round(p99LagMs)} ms; ${stale} of ${keys} stale at rest`,
    bound: `0 beyond ${boundMs} ms, 0 stale`,
    held,
    sound: held,
    note: `${(reads / 1e6).toFixed(2)} M reads, ${served} near hits, ${invalidations} invalidations${kills > 0 ? `, ${kills} killed` : ''}`,
  };
}

/** Whether what was planted is noticed. */
async function planted({ dist }) {
  const { beyond, stale } = await nearStorm(dist, { seconds: 3, patch: NOBODY_TELLS });
  const held = beyond > 0 && stale > 0;
  return { figure: `${beyond} beyond, ${stale} stale at rest`, bound: 'is noticed', held, sound: held };
}

/** A storm with a bus on a broker of its own. */
async function withBus(all, broker, { how, bus = {} }) {
  if (!BUSES[broker].isInstalled()) throw new Error(`${broker} is not installed`);
  const { stop, ...started } = await BUSES[broker].start();
  try {
    return await row(all, { ...how, bus: { ...started, ...bus } });
  } finally {
    await stop();
  }
}
