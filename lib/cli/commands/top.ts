import { unixMs } from '../../unix-time.js';
import type { Invocation, Command } from '../command.js';
import { type Column, printable, type Row, table, widthOf } from '../table.js';
import { bytesText, countText, millisecondsText, shareText } from '../wording.js';
import { problemJson, problemText } from './answers.js';
import { SAMPLE_FLAGS, type Sample, sampleCount, samples } from './samples.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR = '\u001b[2J';
const HOME = '\u001b[H';
const END_OF_LINE = '\u001b[K';
const END_OF_SCREEN = '\u001b[J';

/** What the servers are doing now. */
export const top: Command = {
  name: 'top',
  operands: '',
  arity: [0, 0],
  summary: 'what the servers are doing now, drawn anew each second',
  help: [
    'Rates since the last look: reads, hits among them, writes, evictions (items dropped before their time to make room), traffic. HITS of a dash: nothing was read. TRIP is the median of the round trips of this program.',
    'In a terminal the picture is drawn over; q or Ctrl-C ends it, and columns that find no room are left out. In a pipe each look is a table of its own, or with --json a line for each server.',
  ],
  examples: [
    ['top -s 10.0.0.1,10.0.0.2=2', 'watch a cluster'],
    ['top --count 1 --interval 10s', 'the averages of ten seconds'],
    ['top --json --interval 1m >> cache.jsonl', 'keep a record'],
  ],
  flags: SAMPLE_FLAGS,
  async run(call) {
    const { terminal } = call;
    const isDrawn = terminal.isLive && !call.json;
    const quit = new AbortController();
    const leave = isDrawn ? onQuit(call, () => quit.abort()) : () => undefined;
    let left = sampleCount(call);
    let isFirst = true;
    let code = 0;
    try {
      if (isDrawn) await terminal.write(HIDE_CURSOR + CLEAR);
      for await (const sample of samples(call, AbortSignal.any([call.ended, quit.signal]))) {
        code = sample.servers.some((server) => 'error' in server) ? 1 : 0;
        if (isDrawn) await draw(call, sample);
        // The first look has nothing to be compared with.
        if (isFirst) {
          isFirst = false;
          continue;
        }
        if (!isDrawn) await print(call, sample);
        left -= 1;
        if (left === 0) break;
      }
    } finally {
      leave();
      if (isDrawn) await terminal.write(SHOW_CURSOR);
    }
    return code;
  },
};

/** Listens for q and Ctrl-C, which a terminal that is read key by key does not turn into a signal. */
function onQuit({ terminal: { keyboard } }: Invocation, quit: () => void): () => void {
  if (keyboard.isTTY !== true) return () => undefined;
  const onData = (typed: Buffer): void => {
    if (/[qQ\u0003]/.test(typed.toString('latin1'))) quit();
  };
  keyboard.setRawMode(true);
  keyboard.on('data', onData);
  return () => {
    keyboard.off('data', onData);
    keyboard.setRawMode(false);
    keyboard.pause();
  };
}

async function draw(call: Invocation, sample: Sample): Promise<void> {
  const { terminal } = call;
  const time = new Date(unixMs()).toTimeString().slice(0, 8);
  const title = `${time}  ${sample.servers.length} servers  (q quits)`;
  const lines = [title, '', ...tableOf(call, sample, terminal.columns)].slice(0, terminal.rows - 1);
  await terminal.write(`${HOME}${lines.map((line) => `${line}${END_OF_LINE}\n`).join('')}${END_OF_SCREEN}`);
}

async function print(call: Invocation, sample: Sample): Promise<void> {
  const { terminal } = call;
  if (call.json) {
    const time = new Date(unixMs()).toISOString();
    for (const server of sample.servers) await terminal.json({ time, ...rowJson(server) });
    return;
  }
  for (const line of tableOf(call, sample, Number.POSITIVE_INFINITY)) await terminal.line(line);
  await terminal.line('');
}

type ServerSample = Sample['servers'][number];

function rowJson(server: ServerSample): object {
  if ('error' in server) return problemJson(server.server, server.error);
  const { value, rates, latency } = server;
  return {
    server: server.server,
    weight: server.weight,
    ...rates,
    items: value.curr_items,
    memoryBytes: value.bytes,
    maxMemoryBytes: value.limit_maxbytes,
    connections: value.curr_connections,
    medianMilliseconds: latency?.p50,
  };
}

interface Figure extends Column {
  readonly of: (server: Exclude<ServerSample, { error: unknown }>) => number | undefined;
  readonly text: (figure: number) => string;
  /** Whether the servers' figures have a sum. */
  readonly adds: boolean;
}

const FIGURES: readonly Figure[] = [
  { title: 'GET/S', of: ({ rates }) => rates?.getsPerSecond, text: rateText, adds: true },
  { title: 'HITS', of: ({ rates }) => rates?.hitRatio, text: shareText, adds: false },
  { title: 'SET/S', of: ({ rates }) => rates?.setsPerSecond, text: rateText, adds: true },
  { title: 'EVICT/S', of: ({ rates }) => rates?.evictionsPerSecond, text: rateText, adds: true },
  { title: 'ITEMS', of: ({ value }) => value.curr_items, text: countText, adds: true },
  { title: 'MEMORY', of: ({ value }) => value.bytes, text: bytesText, adds: true },
  {
    title: 'FULL',
    of: ({ value }) => (value.limit_maxbytes > 0 ? value.bytes / value.limit_maxbytes : undefined),
    text: shareText,
    adds: false,
  },
  { title: 'CONN', of: ({ value }) => value.curr_connections, text: countText, adds: true },
  { title: 'TRIP', of: ({ latency }) => latency?.p50, text: millisecondsText, adds: false },
  { title: 'IN/S', of: ({ rates }) => rates?.bytesInPerSecond, text: bytesText, adds: true },
  { title: 'OUT/S', of: ({ rates }) => rates?.bytesOutPerSecond, text: bytesText, adds: true },
];

/** The table of a look, of as many columns as there is room for. */
function tableOf(call: Invocation, sample: Sample, room: number): string[] {
  const { terminal } = call;
  for (let count = FIGURES.length; ; count -= 1) {
    const figures = FIGURES.slice(0, count);
    const columns = [
      { title: 'SERVER' },
      ...figures.map(({ title }) => ({ title, align: 'right' as const })),
    ];
    const lines = table(columns, rowsOf(call, sample, figures), (line) => terminal.style('bold', line));
    if (count === 1 || Math.max(...lines.map(widthOf)) <= room) return lines;
  }
}

function rowsOf({ terminal }: Invocation, { servers }: Sample, figures: readonly Figure[]): Row[] {
  const rows = servers.map((server): Row => {
    if ('error' in server) {
      const problem = problemText(server.server, server.error);
      return { first: printable(server.server), instead: terminal.style('red', problem) };
    }
    return [
      server.server,
      ...figures.map(({ title, of, text }) => {
        const figure = of(server);
        const shown = figure === undefined ? '-' : text(figure);
        return title === 'EVICT/S' && figure !== undefined && figure > 0
          ? terminal.style('yellow', shown)
          : shown;
      }),
    ];
  });
  const answered = servers.flatMap((server) => ('error' in server ? [] : [server]));
  if (answered.length < 2) return rows;
  const sums = figures.map(({ of, text, adds }) => {
    const all = answered.map(of).filter((figure) => figure !== undefined);
    return adds && all.length > 0 ? text(all.reduce((sum, figure) => sum + figure, 0)) : '';
  });
  return [...rows, ['all', ...sums].map((cell) => (cell === '' ? '' : terminal.style('bold', cell)))];
}

function rateText(perSecond: number): string {
  return perSecond < 100 && !Number.isInteger(perSecond) ? perSecond.toFixed(1) : countText(perSecond);
}
