import { isAnotherRun } from '../../client/server-runs.js';
import type { GeneralStats } from '../../client/stats.js';
import { unixMs } from '../../unix-time.js';
import type { Invocation, Command } from '../command.js';
import { bytesText, durationText } from '../wording.js';
import { problemText } from './answers.js';
import { SAMPLE_FLAGS, type Sample, sampleCount, samples } from './samples.js';

/** What becomes of the servers, as it happens. */
export const watch: Command = {
  name: 'watch',
  operands: '',
  arity: [0, 0],
  summary: 'what becomes of the servers, as it happens: down, back, restarted, evicting',
  help: [
    'One line for each change: up, down (with the reason), restarted (its items are gone), evicting and done evicting (items are dropped before their time), refusing (connections were turned away), exhausted (it could not even evict), joined and left (the list that --discovery asks for). The first lines tell how things stand.',
    "It is made of what 'stats' tells, so it works wherever that does: not through twemproxy, which refuses it and is told as down. memcached's own 'watch' tells of single keys and connections; it drops lines under load, and managed services refuse it: printf 'watch evictions\\r\\n' | nc HOST PORT.",
  ],
  examples: [
    ['watch -s 10.0.0.1,10.0.0.2', 'during a deployment'],
    ['watch --json | while read -r line; do ./alert.sh "$line"; done', 'act on it'],
  ],
  flags: SAMPLE_FLAGS,
  async run(call) {
    const told = new Map<string, Known>();
    let left = sampleCount(call);
    let code = 0;
    for await (const sample of samples(call, call.ended)) {
      for (const change of changes(told, sample)) await write(call, change);
      code = sample.servers.some((server) => 'error' in server) ? 1 : 0;
      left -= 1;
      if (left === 0) break;
    }
    return code;
  },
};

/** What was last known of a server. */
interface Known {
  readonly isUp: boolean;
  readonly stats?: GeneralStats;
  readonly isEvicting: boolean;
}

type Happening =
  'up' | 'down' | 'restarted' | 'evicting' | 'done-evicting' | 'refusing' | 'exhausted' | 'joined' | 'left';

interface Change {
  readonly server: string;
  readonly event: Happening;
  readonly detail: string;
}

const COLOURS: Readonly<Record<Happening, 'green' | 'red' | 'yellow' | 'cyan'>> = {
  up: 'green',
  down: 'red',
  restarted: 'yellow',
  evicting: 'yellow',
  'done-evicting': 'green',
  refusing: 'red',
  exhausted: 'red',
  joined: 'cyan',
  left: 'cyan',
};

async function write({ terminal, json }: Invocation, change: Change): Promise<void> {
  const now = new Date(unixMs());
  if (json) {
    await terminal.json({ time: now.toISOString(), ...change });
    return;
  }
  const { server, event, detail } = change;
  const word = terminal.style(COLOURS[event], event.replace('-', ' ').padEnd(13));
  await terminal.line(`${now.toTimeString().slice(0, 8)}  ${server}  ${word}  ${detail}`.trimEnd());
}

/** What has changed since the last look, which is brought up to date. */
function changes(told: Map<string, Known>, { servers }: Sample): Change[] {
  const isFirst = told.size === 0;
  const found: Change[] = [];
  for (const sample of servers) {
    const { server } = sample;
    const before = told.get(server);
    const tell = (event: Happening, detail = ''): void => void found.push({ server, event, detail });
    if (before === undefined && !isFirst) tell('joined', `weight ${sample.weight}`);
    if ('error' in sample) {
      if (before?.isUp !== false) tell('down', problemText(server, sample.error));
      told.set(server, { isUp: false, stats: before?.stats, isEvicting: false });
      continue;
    }
    const { value, rates } = sample;
    if (before?.isUp !== true) tell('up', stateText(value));
    const last = before?.stats;
    const restarted = last !== undefined && isAnotherRun(last, value);
    if (restarted) tell('restarted', `${durationText(value.uptime)} ago, with ${value.curr_items} items`);
    const isEvicting = (rates?.evictionsPerSecond ?? 0) > 0;
    if (isEvicting && before?.isEvicting !== true)
      tell('evicting', `${Math.ceil(rates!.evictionsPerSecond)} items a second`);
    if (!isEvicting && before?.isEvicting === true && rates !== undefined) tell('done-evicting');
    if (last !== undefined && !restarted) {
      const refused = grown(last, value, 'rejected_connections') + grown(last, value, 'listen_disabled_num');
      if (refused > 0) tell('refusing', `connections were turned away (${value.curr_connections} are open)`);
      const denied = grown(last, value, 'store_no_memory');
      if (denied > 0) tell('exhausted', `${denied} writes found no memory`);
    }
    told.set(server, { isUp: true, stats: value, isEvicting });
  }
  const listed = new Set(servers.map(({ server }) => server));
  for (const server of told.keys()) {
    if (listed.has(server)) continue;
    told.delete(server);
    found.push({ server, event: 'left', detail: '' });
  }
  return found;
}

function grown(before: GeneralStats, now: GeneralStats, name: keyof GeneralStats): number {
  return Math.max(0, Number(now[name] ?? 0) - Number(before[name] ?? 0));
}

function stateText({
  version,
  uptime,
  curr_items: items,
  bytes,
  limit_maxbytes: limit,
}: GeneralStats): string {
  return `${version}, running for ${durationText(uptime)}, ${items} items, ${bytesText(bytes)} of ${bytesText(limit)}`;
}
