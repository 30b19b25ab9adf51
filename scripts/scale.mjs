/*
 * What a fleet does at a size that no one machine has, as far as this one goes: many clients in few processes, and many
 * embedded servers that count who comes. Prints what docs/scale.md shows, and with --write puts it there.
 *
 *   npm run scale -- [--short] [--write]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Progress } from './proof/progress.mjs';
import { measuredHere } from './proof/reliability/machine.mjs';
import { putInto } from './proof/tables.mjs';
import { plainTable } from './scale/plain-table.mjs';
import { growth, outages } from './scale/phases.mjs';
import { rings } from './scale/rings.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/scale.md', import.meta.url));

const SIZES = {
  full: {
    growth: [
      { servers: 20, clients: 40 },
      { servers: 100, clients: 40 },
      { servers: 20, clients: 200 },
      { servers: 100, clients: 200 },
    ],
    outages: { servers: 100, clients: 80 },
    seconds: 5,
    ring: 1000,
  },
  short: {
    growth: [
      { servers: 4, clients: 8 },
      { servers: 20, clients: 8 },
    ],
    outages: { servers: 20, clients: 16 },
    seconds: 1,
    ring: 100,
  },
};

const { values } = parseArgs({ options: { short: { type: 'boolean' }, write: { type: 'boolean' } } });
const size = SIZES[values.short ? 'short' : 'full'];
const progress = new Progress(process.stderr);
progress.begin('scale');
const tell = (text) => progress.tell(text, true);

const grown = await growth(DIST, size.growth, tell);
const { rows, cold, owed } = await outages(DIST, size.outages, size.seconds, tell);
tell('rings');
const lib = await import(new URL('../dist/index.js', import.meta.url).href);
const placed = await rings(lib, ['ketama', 'rendezvous', 'python-memcached'], size.ring);
progress.end();

const { servers, clients } = size.outages;
const text = [
  `${measuredHere(`npm run scale${values.short ? ' -- --short' : ''}`)}:`,
  plainTable(grown),
  `${clients} clients and ${servers} servers, every client asking twice a second:`,
  plainTable(rows),
  `All servers come back empty and all ${clients} clients want the same ${cold.keys} keys at once, ${cold.calls} calls: ` +
    `${cold.loads} loads, ${cold['loads per key']} of each key.`,
  `Each client has invalidated ${owed['by each client']} keys of a server that is away: ${owed.owed} are owed, and are ` +
    `delivered ${owed['delivered after']} after it is back.`,
  `A list of ${size.ring} servers:`,
  plainTable(placed),
].join('\n\n');
process.stdout.write(`${text}\n`);
if (values.write) putInto(PAGE, 'measured', text);
