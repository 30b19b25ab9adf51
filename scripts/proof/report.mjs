/** What stands where a run says nothing about a thing. */
const NOTHING = '–';

const COLUMNS = [
  ['', ({ run }) => run],
  ['', ({ pattern }) => pattern],
  ['stale keys at rest', ({ staleKeys, keys }) => share(staleKeys, keys)],
  ['reads older than an invalidation', ({ olderReads, reads }) => share(olderReads, reads)],
  ['than one a server was owed', ({ owedReads, reads }) => share(owedReads, reads)],
  ['loader calls per key', ({ loadsPerKey }) => loadsPerKey?.toFixed(0)],
  ['reads that waited for a load', ({ waitingReads, reads }) => share(waitingReads, reads)],
  ['lost updates', ({ lostUpdates, updates }) => share(lostUpdates, updates)],
  ['attempts per update', ({ attempts }) => attempts?.toFixed(1)],
  ['p99 wait', ({ p99Ms }) => ms(p99Ms)],
  ['longest wait', ({ longestWaitMs }) => ms(longestWaitMs)],
];

/** @returns the results as a table that Markdown reads as one, too. */
export function table(results) {
  const rows = [
    COLUMNS.map(([name]) => name),
    ...results.map((result) => COLUMNS.map(([, cell]) => String(cell(result) ?? NOTHING))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  const [head, ...body] = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column]))));
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('');
}

function share(count, whole) {
  return count > 0 ? `${count} of ${whole}` : count;
}

function ms(time) {
  if (time === undefined) return time;
  return time < 1 ? '< 1 ms' : `${Math.round(time)} ms`;
}

/** @returns what the table has no room for, a line each. */
export function notes(results) {
  return results
    .map((result) => [`${result.run}, ${result.pattern}: `, details(result).join(', ')])
    .filter(([, text]) => text !== '')
    .map((parts) => parts.join(''));
}

function details({ pattern, reads, invalidations, timesDue, kills, interruptedWrites, ...others }) {
  const { owedReads, owedForMs, longestWaitsMs, timedReads, slowReads } = others;
  const told = [];
  if (reads !== undefined) told.push(`${reads} reads`);
  if (invalidations !== undefined) told.push(`${invalidations} invalidations`);
  if (timesDue !== undefined) told.push(`due ${timesDue} times`);
  if (kills > 0) told.push(`${kills} processes killed, ${interruptedWrites} keys in the middle of a write`);
  if (owedReads > 0 && pattern === 'ours')
    told.push(`the last old read ${Math.round(owedForMs)} ms after the server went on`);
  if (timedReads !== undefined)
    told.push(`${slowReads} of ${timedReads} reads took 1 ms or more beside the load`);
  if (longestWaitsMs !== undefined)
    told.push(`longest waits of fleet after fleet ${longestWaitsMs.map(Math.round).join(', ')} ms`);
  return told;
}

/** What each run of ours has to show, and the naive pattern has to fail to show at least once. */
const PROMISES = [
  ['staleKeys', 0, 'stale keys at rest'],
  ['olderReads', 0, 'reads older than an invalidation'],
  ['lostUpdates', 0, 'lost updates'],
  ['mostLoads', 1, 'loads of one key'],
  ['waitingReads', 0, 'reads that waited for a load'],
];

/** @returns what is wrong, a line each: what was promised and not kept, or that it was not put to the test. */
export function problems(results) {
  const of = (wanted) => results.filter(({ pattern }) => pattern === wanted);
  const broken = (result, [figure, kept]) => result[figure] !== undefined && result[figure] !== kept;
  return [
    ...of('ours').flatMap((result) =>
      PROMISES.filter((promise) => broken(result, promise)).map(
        ([figure, , words]) => `${result.run}: ${result[figure]} ${words}`,
      ),
    ),
    ...PROMISES.filter((promise) => !of('naive').some((result) => broken(result, promise))).map(
      ([, kept, words]) =>
        `the naive pattern had no more than ${kept} ${words}: this run proves nothing, take more --seconds`,
    ),
  ];
}
