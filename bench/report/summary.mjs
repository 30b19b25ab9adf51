import { FIGURES } from '../figures.mjs';
import { REDIS, RIVALS, WORKLOADS } from '../workloads/table.mjs';

/**
 * What the rounds of a result come to.
 *
 * Ratios are taken within each round, between cells that were measured within seconds of each other, and their median is
 * the ratio: what else the machine did meanwhile falls on both.
 */
export class Summary {
  #result;

  constructor(result) {
    this.#result = result;
  }

  get result() {
    return this.#result;
  }

  /** The workloads that were measured, as in the table. */
  get workloads() {
    return WORKLOADS.filter(({ id }) => this.#result.workloads[id] !== undefined);
  }

  /** The contenders of a workload that gave at least one figure, with their kinds. */
  contenders({ id, contenders }) {
    const measured = this.#result.workloads[id];
    const known = contenders.filter(({ name }) => name in measured);
    const others = Object.keys(measured).filter(
      (name) => !contenders.some((contender) => contender.name === name),
    );
    return [...known, ...others.map((name) => ({ name, kind: 'build' }))].filter(
      ({ name }) => this.rounds(id, name).length > 0,
    );
  }

  /** The figures of one contender, round by round; those that failed are left out. */
  rounds(id, name) {
    return (this.#result.workloads[id]?.[name] ?? []).flatMap(({ figures }) => (figures ? [figures] : []));
  }

  /** The first complaint of a contender that failed. */
  failure(id, name) {
    return this.#result.workloads[id]?.[name]?.find(({ error }) => error !== undefined)?.error;
  }

  /** @returns {number | undefined} the median of a figure. */
  median(id, name, figure) {
    return median(this.rounds(id, name).map((figures) => figures[figure]));
  }

  /** @returns {number | undefined} half the distance between the quartiles, as a part of the median. */
  spread(id, name, figure) {
    const values = this.rounds(id, name)
      .map((figures) => figures[figure])
      .filter(Number.isFinite)
      .toSorted((a, b) => a - b);
    if (values.length < 3) return undefined;
    const at = (part) => values[Math.round((values.length - 1) * part)];
    return (at(0.75) - at(0.25)) / 2 / at(0.5);
  }

  /** The name of the best of a kind, by the median of a figure. */
  best(workload, kind, figure) {
    const sign = FIGURES[figure].higherIsBetter ? -1 : 1;
    return this.contenders(workload)
      .filter((contender) => contender.kind === kind)
      .map(({ name }) => ({ name, value: this.median(workload.id, name, figure) }))
      .filter(({ value }) => value !== undefined)
      .toSorted((a, b) => sign * (a.value - b.value))[0]?.name;
  }

  /** Whom a target means. */
  opponent(workload, { against, figure = workload.figure }) {
    if (against === RIVALS) return this.best(workload, 'rival', figure);
    if (against === REDIS) return this.best(workload, 'redis', figure);
    return against;
  }

  /** @returns {number | undefined} the median over the rounds of `combine(ours, theirs)`. */
  compared(id, ours, theirs, figure, combine) {
    const others = this.rounds(id, theirs);
    return median(
      this.rounds(id, ours).map((figures, round) => combine(figures[figure], others[round]?.[figure] ?? NaN)),
    );
  }
}

/** @returns {number | undefined} */
export function median(values) {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
