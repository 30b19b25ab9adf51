import { hitRatio } from '../../client/server-rates.js';
import {
  isGrouped,
  STATS_GROUPS,
  type Figures,
  type GeneralStats,
  type StatsGroup,
} from '../../client/stats.js';
import { type Invocation, type Command, UsageError } from '../command.js';
import { printable, table, type Row } from '../table.js';
import { bytesText, countText, durationText, shareText } from '../wording.js';
import { type Answer, answers, exitCode, problemJson, problemRow } from './answers.js';

/** What the servers say of themselves. */
export const stats: Command = {
  name: 'stats',
  operands: '[GROUP]',
  arity: [0, 1],
  summary: 'what the servers say of themselves: items, memory, hits, evictions',
  help: [
    'Without GROUP a line for each server, since its start. A hit ratio that falls, or evictions beside a full memory, say that the cache is too small; evictions beside an unfilled one, that items of one size class have no room (stats slabs). memcached counts a read that is given a lease, as the cache of this package asks for, as a hit: what its hits are is in memcached.report() and on the dashboard.',
    `GROUP is one of ${STATS_GROUPS.join(', ')}, under memcached's own names: a line for each figure, and a column for each server, or for each class or connection of a server; with --json a line for each.`,
  ],
  examples: [
    ['stats -s 10.0.0.1,10.0.0.2=2', 'the cluster in two lines'],
    ['stats settings', 'what the servers run with'],
    ['stats general --json | jq .evictions', 'one figure of each server, for a script'],
  ],
  flags: {},
  async run(call) {
    const group = (call.operands[0] ?? 'general') as StatsGroup;
    if (!STATS_GROUPS.includes(group)) {
      throw new UsageError(`stats: there is no group '${group}'; there are ${STATS_GROUPS.join(', ')}`);
    }
    const all = await answers<Figures | Readonly<Record<string, Figures>>>(call.client, (client) =>
      client.stats(group, { signal: call.ended }),
    );
    if (call.json) await writeJson(call, all, isGrouped(group));
    else if (call.operands.length === 0) await writeSummary(call, all as Answer<GeneralStats>[]);
    else if (isGrouped(group)) await writeClasses(call, all as Answer<Record<string, Figures>>[]);
    else await writeFigures(call, all as Answer<Figures>[]);
    return exitCode(all);
  },
};

async function writeJson(call: Invocation, all: readonly Answer<object>[], grouped: boolean): Promise<void> {
  for (const answer of all) {
    const { server } = answer;
    if ('error' in answer) await call.terminal.json(problemJson(server, answer.error));
    else if (!grouped) await call.terminal.json({ server, ...answer.value });
    else {
      for (const [id, figures] of Object.entries(answer.value))
        await call.terminal.json({ server, id, ...(figures as object) });
    }
  }
}

async function writeSummary(call: Invocation, all: readonly Answer<GeneralStats>[]): Promise<void> {
  const right = 'right' as const;
  const columns = [
    { title: 'SERVER' },
    { title: 'WEIGHT', align: right },
    { title: 'VERSION' },
    { title: 'UPTIME', align: right },
    { title: 'ITEMS', align: right },
    { title: 'MEMORY', align: right },
    { title: 'FULL', align: right },
    { title: 'GETS', align: right },
    { title: 'HITS', align: right },
    { title: 'SETS', align: right },
    { title: 'EVICTIONS', align: right },
    { title: 'CONNECTIONS', align: right },
  ];
  const rows = all.map((answer): Row => {
    if ('error' in answer) return problemRow(call, answer.server, answer.error);
    const { value } = answer;
    return [
      answer.server,
      String(answer.weight),
      printable(value.version),
      durationText(value.uptime),
      countText(value.curr_items),
      bytesText(value.bytes),
      shareText(value.limit_maxbytes === 0 ? undefined : value.bytes / value.limit_maxbytes),
      countText(value.cmd_get),
      shareText(hitRatio(value.get_hits, value.get_misses)),
      countText(value.cmd_set),
      countText(value.evictions),
      value.max_connections === undefined
        ? String(value.curr_connections)
        : `${value.curr_connections} of ${value.max_connections}`,
    ];
  });
  await writeTable(call, columns, rows);
}

/** Every figure, a column for each server. */
async function writeFigures(call: Invocation, all: readonly Answer<Figures>[]): Promise<void> {
  const answered = all.flatMap((answer) => ('error' in answer ? [] : [answer]));
  const names = [...new Set(answered.flatMap(({ value }) => Object.keys(value)))];
  const columns = [
    { title: 'FIGURE' },
    ...answered.map(({ server }) => ({ title: server, align: 'right' as const })),
  ];
  const rows = names.map((name): Row => [
    printable(name),
    ...answered.map(({ value }) => printable(String(value[name] ?? '-'))),
  ]);
  if (answered.length > 0) await writeTable(call, columns, rows);
  await writeProblems(call, all);
}

/** A table for each server: a column for each class, connection or total, a line for each figure. */
async function writeClasses(
  call: Invocation,
  all: readonly Answer<Record<string, Figures>>[],
): Promise<void> {
  for (const answer of all) {
    if ('error' in answer) continue;
    const entries = Object.entries(answer.value);
    const names = [...new Set(entries.flatMap(([, figures]) => Object.keys(figures)))];
    const columns = [
      { title: answer.server },
      ...entries.map(([id]) => ({ title: printable(id), align: 'right' as const })),
    ];
    const rows = names.map((name): Row => [
      printable(name),
      ...entries.map(([, figures]) => printable(String(figures[name] ?? '-'))),
    ]);
    await writeTable(call, columns, rows);
  }
  await writeProblems(call, all);
}

async function writeProblems(call: Invocation, all: readonly Answer<unknown>[]): Promise<void> {
  const rows = all.flatMap((answer) =>
    'error' in answer ? [problemRow(call, answer.server, answer.error)] : [],
  );
  for (const line of table([{ title: '' }], rows).slice(1)) await call.terminal.line(line);
}

async function writeTable(
  call: Invocation,
  columns: Parameters<typeof table>[0],
  rows: readonly Row[],
): Promise<void> {
  const { terminal } = call;
  for (const line of table(columns, rows, (titles) => terminal.style('bold', titles)))
    await terminal.line(line);
}
