import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepareOurselves } from '../../bench/prepare.mjs';
import { Callers, CLUSTER_ROWS } from './cluster/rows.mjs';
import { CASES, LENGTHS } from './reliability/cases.mjs';
import { peerTable } from './peers/table.mjs';
import { NEAR_ROWS } from './near/rows.mjs';
import { DETECTORS } from './reliability/detectors.mjs';
import { measuredHere } from './reliability/machine.mjs';
import { compileTypeScript } from './typescript.mjs';
import { forPage, putInto, runCases, written } from './tables.mjs';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const NEAR_PAGE = fileURLToPath(new URL('../../docs/near-cache.md', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));

/**
 * What is promised of clusters that change, and of everything that can break: two tables with figures, bounds, and
 * whether these were held.
 *
 * @param {object} options `cluster`, `near`, `reliability`, `peers`: which of them; `short`; `only`: part of a case's name; `against`: the
 *   folder of another build; `seconds`, of each chaos and storm; `write`: puts the tables into docs/reliability.md.
 * @returns {Promise<boolean>} whether all bounds were held; with `short`, all that are not times.
 */
export async function provePromises(options, progress, print) {
  const { cluster, near, reliability, peers, short, only = '', against, write, command } = options;
  compileTypeScript();
  const faults = await import('../../test/support/fault-proxy.ts');
  const chaos = await import('../../test/support/chaos-proxy.ts');
  const { SharedProxy } = await import('../../test/support/shared-proxy.ts');
  const lengths = { ...LENGTHS[short ? 'short' : 'usual'], ...given(options) };
  const howOf = async (dist) => ({
    dist,
    lib: await import(pathToFileURL(`${dist}/index.js`).href),
    callers: new Callers(dist),
    ...lengths,
    short,
    faults,
    chaos,
    SharedProxy,
  });
  const ours = await howOf(DIST);
  const other = against === undefined ? undefined : await howOf(resolve(against));
  const chosen = (cases) => cases.filter(({ name }) => name.includes(only));
  let held = true;
  for (const [name, cases] of [
    ...(cluster ? [['clusters', chosen(CLUSTER_ROWS)]] : []),
    ...(near ? [['near caches', chosen(NEAR_ROWS.filter(({ isLong }) => !short || isLong !== true))]] : []),
    ...(reliability ? [['reliability', chosen(CASES)]] : []),
    ...(reliability ? [['detectors', chosen(DETECTORS)]] : []),
  ]) {
    if (cases.length === 0) continue;
    const how =
      name === 'detectors'
        ? { ...ours, ...LENGTHS.planted }
        : name === 'near caches'
          ? { ...ours, together: 1 }
          : ours;
    const rows = await runCases(cases, how, name === 'detectors' ? undefined : other, progress);
    progress.end();
    print(`${written(rows)}\n`);
    if (write)
      putInto(
        name === 'near caches' ? NEAR_PAGE : PAGE,
        name,
        `${measuredHere(command)}:\n\n${forPage(rows)}`,
      );
    // A busy machine is no reason to fail a check: there, times are shown and not judged.
    held &&= rows.every((row) => row.held || (short && row.sound === true));
  }
  if (peers) {
    await prepareOurselves();
    const text = await peerTable({ dist: DIST, faults, progress });
    progress.end();
    print(`${text}\n`);
    if (write) putInto(PAGE, 'peers', `${measuredHere(command)}:\n\n${text}`);
  }
  await ours.callers.stop();
  await other?.callers.stop();
  return held;
}

function given({ seconds, endurance, times }) {
  return {
    ...(seconds !== undefined && { seconds, nearSeconds: seconds }),
    ...(times !== undefined && { times }),
    ...(endurance !== undefined && { enduranceSeconds: endurance }),
  };
}
