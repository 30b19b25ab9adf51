import { markdownTable } from 'markdown-table';
import { FLOOR, OURS } from '../contenders.mjs';
import { FIGURES } from '../figures.mjs';
import { judge, judgeGrowth } from './judge.mjs';

/** The report of a result as Markdown. */
export function toMarkdown(summary) {
  const { date, machine, versions, commit, changedSince, command, rounds } = summary.result;
  const growth = judgeGrowth(summary);
  const floorGrowth = judgeGrowth(summary, FLOOR);
  const measured = summary.workloads.filter(({ group }) => group === undefined);
  return [
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.os}, Node ${versions.node}, ` +
      `memcached ${versions.memcached}${versions.redis ? `, Redis ${versions.redis}` : ''}, commit ` +
      `${commit.slice(0, 10)}${changedSince ? ' with changes' : ''}, ${rounds} rounds: \`${command}\``,
    '',
    ...(measured.length > 0 ? [targetsTable(summary, measured), ''] : []),
    ...(growth.length > 0 ? [growthTable(growth, floorGrowth), ''] : []),
    ...measured.flatMap((workload) => [`### ${workload.title}`, '', contendersTable(summary, workload), '']),
  ].join('\n');
}

/** What is to be reached, and what was. */
function targetsTable(summary, workloads) {
  const rows = workloads.flatMap((workload) =>
    judge(summary, workload).map(({ named, reached, wanted, ok }, index) => [
      index === 0 ? workload.title : '',
      index === 0 ? ours(summary, workload) : '',
      named,
      reached ?? '–',
      wanted,
      mark(ok),
    ]),
  );
  return markdownTable([['workload', OURS, '', 'reached', 'wanted', ''], ...rows]);
}

function ours(summary, workload) {
  const value = summary.median(workload.id, OURS, workload.figure);
  return value === undefined ? '–' : written(workload, value);
}

/** What a key costs as things grow; what it costs the floor, nothing that makes promises can stay below. */
function growthTable(growth, floorGrowth) {
  const cost = (value) => (value === undefined ? '–' : FIGURES.cpuMicros.format(value));
  const factor = (reached) => (reached === undefined ? '–' : `× ${reached.toFixed(2)}`);
  const rows = growth.flatMap(({ group, steps, reached, wanted, ok }, at) => [
    ...steps.map(({ title, value }, index) => [
      index === 0 ? group : '',
      title,
      cost(value),
      cost(floorGrowth[at].steps[index].value),
      '',
      '',
    ]),
    ['', 'largest to cheapest', factor(reached), factor(floorGrowth[at].reached), `≤ × ${wanted}`, mark(ok)],
  ]);
  return markdownTable([['growth', 'µs of CPU per key', OURS, FLOOR, 'wanted', ''], ...rows]);
}

/** Everybody in one workload: all figures, and the ratio to ours. */
function contendersTable(summary, workload) {
  const contenders = summary.contenders(workload);
  const taken = new Set(contenders.flatMap(({ name }) => Object.keys(summary.rounds(workload.id, name)[0])));
  const figures = Object.keys(FIGURES).filter((figure) => taken.has(figure));
  const rows = contenders.map(({ name }) => [
    name === OURS ? `**${name}**` : name,
    ...figures.map((figure) => cell(summary, workload, name, figure)),
    ratio(summary, workload, name),
  ]);
  const failed = workload.contenders
    .filter(
      ({ name }) => summary.rounds(workload.id, name).length === 0 && summary.failure(workload.id, name),
    )
    .map(({ name }) => [name, `failed: ${summary.failure(workload.id, name).split('\n', 1)[0]}`]);
  const heads = figures.map((figure) =>
    figure === 'rate' ? (workload.unit ?? FIGURES.rate.unit) : FIGURES[figure].unit,
  );
  return markdownTable([['', ...heads, 'ours to this'], ...rows, ...failed], {
    align: ['l', ...figures.map(() => 'r'), 'r'],
  });
}

function cell(summary, { id }, name, figure) {
  const value = summary.median(id, name, figure);
  if (value === undefined) return '';
  const spread = summary.spread(id, name, figure);
  const around = spread === undefined ? '' : ` ± ${(spread * 100).toFixed(0)} %`;
  return `${FIGURES[figure].format(value)}${around}`;
}

function ratio(summary, { id, figure }, name) {
  if (name === OURS) return '';
  const value = summary.compared(id, OURS, name, figure, (ours, theirs) => ours / theirs);
  return value === undefined ? '' : `× ${value.toFixed(2)}`;
}

function written(workload, value) {
  const { format, unit } = FIGURES[workload.figure];
  return `${format(value)} ${workload.figure === 'rate' ? (workload.unit ?? unit) : unit}`;
}

function mark(ok) {
  if (ok === undefined) return '';
  return ok ? '✔' : '✘';
}
