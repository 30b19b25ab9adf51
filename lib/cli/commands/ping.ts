import { type Command, wholeNumber } from '../command.js';
import { printable, table, type Row } from '../table.js';
import { millisecondsText } from '../wording.js';
import { type Answer, answers, problemJson, problemRow } from './answers.js';

/** Whether the servers answer, and how fast. */
export const ping: Command = {
  name: 'ping',
  operands: '',
  arity: [0, 0],
  summary: 'whether the servers answer, in which dialect, and how fast',
  help: [
    'Connects to each server and asks it for its version, several times. A round trip is measured from the write to the reply; one machine away it is well below a millisecond. LOST is how often it did not answer: exit code 1.',
    'A proxy answers for itself: that twemproxy answers says nothing of the servers behind it.',
  ],
  examples: [
    ['ping', 'is it there at all?'],
    ['ping --count 100', 'how long does it take from here?'],
    ['ping -s 10.0.0.1,10.0.0.2 >/dev/null && ./start.sh', 'by exit code, for a script'],
  ],
  flags: {
    count: {
      type: 'string',
      short: 'n',
      value: 'NUMBER',
      text: 'how often each is asked',
      without: '5',
    },
  },
  async run(call) {
    const count = wholeNumber(call.flags, 'count', 1, 5);
    const lost = new Map<string, number>();
    let all: Answer<string>[] = [];
    for (let asked = 0; asked < count; asked += 1) {
      all = await answers(call.client, (client) => client.version({ signal: call.ended }));
      for (const answer of all)
        if ('error' in answer) lost.set(answer.server, (lost.get(answer.server) ?? 0) + 1);
    }
    const code = lost.size === 0 ? 0 : 1;
    if (call.json) {
      for (const answer of all) {
        const { server, weight, dialect, latency } = answer;
        const row =
          'error' in answer
            ? { ...problemJson(server, answer.error), lost: lost.get(server) ?? 0 }
            : {
                server,
                weight,
                version: answer.value,
                dialect,
                milliseconds: latency,
                lost: lost.get(server) ?? 0,
              };
        await call.terminal.json(row);
      }
      return code;
    }
    const columns = [
      { title: 'SERVER' },
      { title: 'VERSION' },
      { title: 'DIALECT' },
      { title: 'MEDIAN', align: 'right' as const },
      { title: 'SLOWEST', align: 'right' as const },
      { title: 'LOST', align: 'right' as const },
    ];
    const rows = all.map((answer): Row => {
      const { server, dialect = '-', latency } = answer;
      const missing = lost.get(server) ?? 0;
      if ('error' in answer) return problemRow(call, server, answer.error, ` (LOST ${missing} of ${count})`);
      const times = latency === undefined ? ['-', '-'] : [latency.p50, latency.max].map(millisecondsText);
      return [server, printable(answer.value), dialect, ...times, String(missing)];
    });
    const { terminal } = call;
    for (const line of table(columns, rows, (titles) => terminal.style('bold', titles)))
      await terminal.line(line);
    return code;
  },
};
