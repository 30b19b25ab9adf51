import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CLASSIC_FLOOR, FLOOR } from './contenders.mjs';
import { PLAIN_GET, WORKLOADS } from './workloads/table.mjs';

const FULL = { warmupMs: 400, measureMs: 1000 };
const QUICK = { warmupMs: 200, measureMs: 200 };

/** In a quick run, what takes long for little: growth at its ends only, and no Redis. */
const NOT_QUICK =
  /^(idle-100|growth-servers-100|growth-in-flight-(1|64|10000)|growth-keys-(10|1000)|set-(1|512)|many-(3|10|100)|json-64)$/;
const QUICK_CONTENDERS = new Set([FLOOR, CLASSIC_FLOOR, 'memjs', 'memcache']);

/**
 * The cells to be measured.
 *
 * @param {ReturnType<import('./options.mjs').readOptions>} options
 * @param {boolean} hasRedis
 * @returns workloads as in the table, with the contenders that take part and a `budget`.
 */
export function makePlan(options, hasRedis) {
  const { quick, only, contender: wanted, with: builds, against } = options;
  return WORKLOADS.filter(({ id }) =>
    only.length > 0 ? only.some((part) => id.includes(part)) : !(quick && NOT_QUICK.test(id)),
  ).map((workload) => ({
    ...workload,
    budget: budgetOf(workload, options),
    contenders: [
      ...workload.contenders
        .filter(({ kind }) => kind !== 'redis' || hasRedis)
        .filter(
          ({ name, kind }) =>
            kind === 'ours' ||
            (against === undefined && isWanted(name, wanted, quick && workload.kind === 'commands')) ||
            // What a row of the cache is measured by is the library as well.
            (against !== undefined && name === PLAIN_GET),
        ),
      ...builds.flatMap((build) => otherBuild(workload, build)),
    ],
  }));
}

function isWanted(name, wanted, quick) {
  if (wanted.length > 0) return wanted.some((part) => name.includes(part));
  return !quick || QUICK_CONTENDERS.has(name);
}

function budgetOf({ budget, operations }, { quick, measure }) {
  if (operations !== undefined) return { warmupMs: 0, operations: quick ? operations / 5 : operations };
  const { warmupMs, measureMs } = budget?.[quick ? 'quick' : 'full'] ?? (quick ? QUICK : FULL);
  return { warmupMs, measureMs: measure ?? measureMs };
}

/** What another build of the library does in our place. */
function otherBuild(workload, { name, dist }) {
  const ours = workload.contenders.filter(({ kind }) => kind === 'ours');
  return ours.map((contender) => ({
    ...contender,
    name,
    kind: 'build',
    from: pathToFileURL(resolve(dist, 'index.js')).href,
  }));
}
