import { type Command, wholeNumber } from '../command.js';
import { printable, table, type Row } from '../table.js';
import { millisecondsText } from '../wording.js';
import { answers, exitCode, problemJson, problemRow } from './answers.js';

/** Whether the servers answer, and how fast. */
export const ping: Command = {
  name: 'ping',
  operands: '',
  arity: [0, 0],
  summary: 'whether the servers answer, in which dialect, and how fast',
  help: [
    'Connects to each server and asks it for its version, several times. A round trip is measured from the write to the reply; one machine away it is well below a millisecond.',
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
    let all = await answers(call.client, (client) => client.version({ signal: call.ended }));
    for (let asked = 1; asked < count; asked += 1)
      all = await answers(call.client, (client) => client.version({ signal: call.ended }));
    if (call.json) {
      for (const answer of all) {
        const { server, weight, dialect, latency } = answer;
        const row =
          'error' in answer
            ? problemJson(server, answer.error)
            : { server, weight, version: answer.value, dialect, milliseconds: latency };
        await call.terminal.json(row);
      }
      return exitCode(all);
    }
    const columns = [
      { title: 'SERVER' },
      { title: 'VERSION' },
      { title: 'DIALECT' },
      { title: 'MEDIAN', align: 'right' as const },
      { title: 'SLOWEST', align: 'right' as const },
    ];
    const rows = all.map((answer): Row => {
      if ('error' in answer) return problemRow(call, answer.server, answer.error);
      const { server, dialect = '-', latency, value } = answer;
      const times = latency === undefined ? ['-', '-'] : [latency.p50, latency.max].map(millisecondsText);
      return [server, printable(value), dialect, ...times];
    });
    const { terminal } = call;
    for (const line of table(columns, rows, (titles) => terminal.style('bold', titles)))
      await terminal.line(line);
    return exitCode(all);
  },
};
