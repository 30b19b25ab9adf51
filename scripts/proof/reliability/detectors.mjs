/* Whether the proof would notice: the same cases with a fault planted in the library, each of which has to be found. */
import { Callers, CLUSTER_ROWS } from '../cluster/rows.mjs';
import { chaosStorm } from './chaos.mjs';
import { forgeries, hostileValues, injections } from './hostile.mjs';
import { killed } from './outages.mjs';
import { PLANTED } from './planted.mjs';

const liar = (how) => chaosStorm(how, { protocol: 'meta', lying: true });
const network = (how) => chaosStorm(how, { protocol: 'meta' });

/** The cases, by the names that planted faults have for them. */
const RUNS = {
  liar,
  network,
  killed,
  hostileValues,
  injections: injections('classic'),
  forgeries,
  uncached: (how) => clusterRow(how, 'not be cached: skip'),
};

/** A row for each planted fault, held if it is found. */
export const DETECTORS = PLANTED.map(({ name, by, finds, ...patch }) => ({
  name,
  async run(how) {
    const result = await RUNS[by]({ ...how, patch, finds });
    const found = result.found ?? (result.held ? [] : ['bound']);
    return {
      figure: found.length === 0 ? 'not noticed' : `noticed: ${found.join(', ')}`,
      bound: finds.join(' or '),
      held: found.some((what) => finds.includes(what)),
      details: found.some((what) => finds.includes(what)) ? [] : [result.figure, ...(result.details ?? [])],
    };
  },
}));

async function clusterRow(how, part) {
  const callers = new Callers(how.dist, how.patch);
  try {
    return await CLUSTER_ROWS.find(({ name }) => name.includes(part)).run({ ...how, callers });
  } finally {
    await callers.stop();
  }
}
