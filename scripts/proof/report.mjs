/** What stands where a run says nothing about a thing. */
const NOTHING = '–';

const COLUMNS = [
  ['', ({ run }) => run],
  ['', ({ pattern }) => pattern],
  ['stale keys at rest', ({ staleKeys, keys }) => share(staleKeys, keys)],
  ['reads older than an invalidation', ({ olderReads, reads }) => share(olderReads, reads)],
  ['than one a server was owed', ({ owedReads, reads }) => share(owedReads, reads)],
  ['loader calls per key', ({ loadsPerKey }) => loadsPerKey?.toFixed(0)],
  ['lost updates', ({ lostUpdates, updates }) => share(lostUpdates, updates)],
  ['attempts per update', ({ attempts }) => attempts?.toFixed(1)],
  ['longest wait', ({ longestWaitMs }) => `${Math.round(longestWaitMs)} ms`],
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

/** @returns what the table has no room for, a line each. */
export function notes(results) {
  return results.flatMap(({ run, pattern, reads, invalidations, kills, owedReads = 0, owedForMs }) => {
    if (reads === undefined) return [];
    const lines = [`${run}, ${pattern}: ${reads} reads, ${invalidations} invalidations`];
    if (kills > 0) lines.push(`${kills} readers killed`);
    if (owedReads > 0 && pattern === 'ours')
      lines.push(`the last old read ${Math.round(owedForMs)} ms after the server went on`);
    return [lines.join(', ')];
  });
}

/** @returns what is wrong, a line each: what was promised and not kept, or that nothing was put to the test. */
export function problems(results) {
  const wrong = results
    .filter(({ pattern }) => pattern === 'ours')
    .flatMap(({ run, staleKeys = 0, olderReads = 0, lostUpdates = 0, mostLoads = 0 }) => [
      ...(staleKeys > 0 ? [`${run}: ${staleKeys} stale keys at rest`] : []),
      ...(olderReads > 0 ? [`${run}: ${olderReads} reads older than an invalidation`] : []),
      ...(lostUpdates === 0 ? [] : [`${run}: ${lostUpdates} lost updates`]),
      ...(mostLoads > 1 ? [`${run}: ${mostLoads} loads of one key`] : []),
    ]);
  const naive = results.filter(({ pattern }) => pattern === 'naive');
  if (naive.every(({ staleKeys = 0 }) => staleKeys === 0))
    wrong.push('the naive pattern left no stale key: this run proves nothing, take more --seconds');
  return wrong;
}
