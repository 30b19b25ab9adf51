import { markdownTable } from 'markdown-table';
import { FIGURES } from '../figures.mjs';
import { OURS } from '../contenders.mjs';

/** Nothing may be slower than before by more than two builds of the same differ. */
const AT_LEAST = 0.97;

/**
 * Ours against another build, row by row: the median of the ratios within each round, and the worst and best of them; and
 * the same of the processor time that a call takes, which says more where other work comes and goes. Above 1, ours is better.
 */
export function pairedTable(summary) {
  const { result } = summary;
  const rows = summary.workloads.flatMap((workload) =>
    summary
      .contenders(workload)
      .filter(({ name }) => name !== OURS)
      .map(({ name, kind }) => {
        const cells = result.workloads[workload.id];
        const both = [workload.figure, 'cpuMicros'].map((figure) => ratiosOf(cells, name, figure));
        const medians = both.map((ratios) => ratios[ratios.length >> 1]);
        const verdicts = medians.map((median) =>
          kind !== 'build' || median === undefined ? '' : median >= AT_LEAST ? 'yes' : '**no**',
        );
        return [
          workload.title,
          name,
          ...both.flatMap((ratios, index) => [...written(ratios), verdicts[index]]),
        ];
      }),
  );
  const verdict = `≥ ${AT_LEAST}`;
  return markdownTable([
    ['workload', 'ours to', 'median', 'range', verdict, 'by CPU', 'range', verdict],
    ...rows,
  ]);
}

/** The median of ratios, and how far they lie apart. */
function written(ratios) {
  if (ratios.length === 0) return ['–', '–'];
  return [ratios[ratios.length >> 1].toFixed(2), `${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}`];
}

/** @returns ascending. */
function ratiosOf(cells, name, figure) {
  const { higherIsBetter } = FIGURES[figure];
  return cells[OURS].flatMap(({ figures: ours }, round) => {
    const theirs = cells[name][round]?.figures;
    if (ours?.[figure] === undefined || theirs?.[figure] === undefined) return [];
    return [higherIsBetter ? ours[figure] / theirs[figure] : theirs[figure] / ours[figure]];
  }).toSorted((a, b) => a - b);
}
