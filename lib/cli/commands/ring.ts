import { type Command, wholeNumber } from '../command.js';
import { table, type Row } from '../table.js';
import { bar, shareText } from '../wording.js';
import { downServers, listServers } from './server-list.js';

const SAMPLE = 100_000;

const BAR_WIDTH = 30;

/** How the keys are shared among the servers. */
export const ring: Command = {
  name: 'ring',
  operands: '',
  arity: [0, 0],
  summary: 'how the keys are shared among the servers, beside their weights',
  help: [
    `Nobody is asked: ${SAMPLE.toLocaleString('en')} keys (key:0, key:1, …) are placed as the distribution places them, and counted. 'OFF' is how far a server's share of the keys is from its share of the weights; a ring of points is off by some percent, which weights do not mend.`,
    "--down shows who takes over the keys of a server that is out, with failover 'next'; 'MOVED' is the share of all keys that then live elsewhere. A ring moves those of the server alone, a modulo nearly all.",
  ],
  examples: [
    ['ring -s 10.0.0.1=1,10.0.0.2=2,10.0.0.3=3', 'the shares'],
    ['ring -s 10.0.0.1,10.0.0.2,10.0.0.3 --down 10.0.0.2:11211', 'who takes over'],
    ['ring -d rendezvous', 'another distribution'],
  ],
  flags: {
    down: {
      type: 'string',
      multiple: true,
      value: 'SERVER',
      text: 'take this server as out; may be repeated',
    },
    sample: {
      type: 'string',
      value: 'NUMBER',
      text: 'how many keys are placed',
      without: String(SAMPLE),
    },
  },
  async run(call) {
    const { client, flags, terminal } = call;
    await listServers(call);
    const sample = wholeNumber(flags, 'sample', 1, SAMPLE);
    const down = downServers(call);
    const nodes = client.topology();
    const counts = new Map(nodes.map(({ server }) => [server, 0]));
    let moved = 0;
    for (let index = 0; index < sample; index += 1) {
      const key = `key:${index}`;
      const server = client.serverFor(key, { down });
      counts.set(server, counts.get(server)! + 1);
      if (down.length > 0 && client.serverFor(key) !== server) moved += 1;
    }
    const alive = nodes.filter(({ server }) => !down.includes(server));
    const weights = alive.reduce((sum, { weight }) => sum + weight, 0);
    const shares = nodes.map(({ server, weight }) => {
      const isDown = down.includes(server);
      const weightShare = isDown || weights === 0 ? 0 : weight / weights;
      return { server, weight, down: isDown, weightShare, keyShare: counts.get(server)! / sample };
    });
    if (call.json) {
      for (const share of shares) await terminal.json(share);
      return 0;
    }
    const largest = Math.max(...shares.map(({ keyShare }) => keyShare));
    const right = 'right' as const;
    const columns = [
      { title: 'SERVER' },
      { title: 'WEIGHT', align: right },
      { title: 'OF WEIGHTS', align: right },
      { title: 'OF KEYS', align: right },
      { title: 'OFF', align: right },
      { title: '' },
    ];
    const rows = shares.map(({ server, weight, down: isDown, weightShare, keyShare }): Row => {
      if (isDown) return { first: server, instead: terminal.style('red', 'out') };
      const off = weightShare === 0 ? '-' : signed(keyShare / weightShare - 1);
      const drawn = terminal.style('cyan', bar(keyShare / largest, BAR_WIDTH));
      return [server, String(weight), shareText(weightShare), shareText(keyShare), off, drawn];
    });
    for (const line of table(columns, rows, (titles) => terminal.style('bold', titles)))
      await terminal.line(line);
    if (down.length > 0) await terminal.line(`MOVED ${shareText(moved / sample)} of the keys`);
    return 0;
  },
};

function signed(share: number): string {
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`;
}
