import { markdownTable } from 'markdown-table';
import { FIGURES } from '../figures.mjs';
import { OURS } from '../contenders.mjs';

/** Nothing may be slower than before by more than two builds of the same differ. */
const AT_LEAST = 0.97;

/**
 * Ours against another build, row by row: the median of the ratios within each round, and the worst and best of them.
 * Above 1, ours is better.
 */
export function pairedTable(summary) {
  const { result } = summary;
  const rows = summary.workloads.flatMap((workload) =>
    summary
      .contenders(workload)
      .filter(({ name }) => name !== OURS)
      .map(({ name, kind }) => {
        const ratios = ratiosOf(result.workloads[workload.id], name, workload.figure);
        if (ratios.length === 0) return [workload.title, name, '–', '–', ''];
        const median = ratios[ratios.length >> 1];
        const range = `${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}`;
        const verdict = kind === 'build' ? (median >= AT_LEAST ? 'yes' : '**no**') : '';
        return [workload.title, name, median.toFixed(2), range, verdict];
      }),
  );
  return markdownTable([['workload', 'ours to', 'median', 'range', `≥ ${AT_LEAST}`], ...rows]);
}

/** @returns ascending. */
function ratiosOf(cells, name, figure) {
  const { higherIsBetter } = FIGURES[figure];
  return cells[OURS].flatMap(({ figures: ours }, round) => {
    const theirs = cells[name][round]?.figures;
    if (ours === undefined || theirs === undefined) return [];
    return [higherIsBetter ? ours[figure] / theirs[figure] : theirs[figure] / ours[figure]];
  }).toSorted((a, b) => a - b);
}
