import { nearStorm } from './storm.mjs';

/** The storms without a bus. */
const HARMS = [
  { name: 'keys', how: {} },
  { name: 'tags', how: { tags: true } },
  { name: 'keys, a server paused', how: { paused: true } },
  { name: 'keys, processes killed', how: { killed: true } },
];

/** What is promised of near caches, a row each. */
export const NEAR_ROWS = [
  ...HARMS.map(({ name, how }) => ({ name: `near cache, ${name}`, run: (all) => row(all, how) })),
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
