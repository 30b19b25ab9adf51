import { OURS } from '../contenders.mjs';
import { FIGURES } from '../figures.mjs';

/**
 * Holds a workload's targets to what was measured.
 *
 * @param {import('./summary.mjs').Summary} summary
 * @returns for each target what it is about, what was reached, what is to be reached, and whether it was: `undefined`
 *   where there is nothing to compare with.
 */
export function judge(summary, workload) {
  return workload.targets.map((target) => {
    const { figure = workload.figure, atLeast, atMost, moreAtMost } = target;
    const { unit, format } = FIGURES[figure];
    const opponent = summary.opponent(workload, target);
    const what = figure === workload.figure ? '' : `${unit}: `;
    const named =
      target.against === undefined ? `${what}${unit}` : `${what}against ${opponent ?? target.against}`;
    if (moreAtMost !== undefined) {
      const more = summary.compared(workload.id, OURS, opponent, figure, (ours, theirs) => ours - theirs);
      return {
        named,
        reached: more === undefined ? undefined : `${more < 0 ? '' : '+'}${format(more)}`,
        wanted: `≤ +${moreAtMost} ${unit}`,
        ok: more === undefined ? undefined : more <= moreAtMost,
      };
    }
    const value =
      target.against === undefined
        ? summary.median(workload.id, OURS, figure)
        : summary.compared(workload.id, OURS, opponent, figure, (ours, theirs) => ours / theirs);
    const write = target.against === undefined ? format : (ratio) => `× ${ratio.toFixed(2)}`;
    const bound = atLeast ?? atMost;
    return {
      named,
      reached: value === undefined ? undefined : write(value),
      wanted: `${atLeast === undefined ? '≤' : '≥'} ${target.against === undefined ? `${bound} ${unit}` : `× ${bound}`}`,
      ok: value === undefined ? undefined : atLeast === undefined ? value <= atMost : value >= atLeast,
    };
  });
}

/**
 * Whether the cost per key stays flat: the last workload of a group, which is the largest, against the cheapest before it.
 *
 * @returns for each group `{ group, steps: { title, value }[], reached, wanted, ok }`.
 */
export function judgeGrowth(summary, name = OURS) {
  return Array.from(growing(summary), ([group, workloads]) => {
    const steps = workloads.map(({ id, title, figure }) => ({
      title,
      value: summary.median(id, name, figure),
    }));
    const before = steps
      .slice(0, -1)
      .map(({ value }) => value)
      .filter(Number.isFinite);
    const grown = before.length === 0 ? undefined : steps.at(-1).value / Math.min(...before);
    const { flat } = workloads[0];
    return {
      group,
      steps,
      reached: grown,
      wanted: flat,
      ok: grown === undefined ? undefined : grown <= flat,
    };
  });
}

/** The workloads of growth by their group, from the smallest to the largest. */
function growing(summary) {
  const groups = new Map();
  for (const workload of summary.workloads) {
    const { group } = workload;
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), workload]);
  }
  return groups;
}
