/*
 * What docs/staleness.md promises, put to the test with processes on real memcacheds, beside the pattern that most code
 * uses: get; load; set; delete on write. Prints a table. Ends with status 1 if a promise was broken, or if the naive
 * pattern got away with it, for then nothing was proved.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Progress } from './proof/progress.mjs';
import { notes, problems, table } from './proof/report.mjs';
import { hotKey, lostServers, stampede, updates, winnerKilled } from './proof/rushes.mjs';
import { storm } from './proof/storm.mjs';

const HELP = `npm run proof -- [options]

  --seconds N  how long each of the storms lasts (default 20, at least 3)
  --help       this text
`;

/** The caches, by the folder that has each in the shape of the library. */
const PATTERNS = ['ours', 'naive'];

const STORMS = [
  { run: 'keys, processes killed', killed: true },
  { run: 'tags, processes killed', killed: true, tags: true },
  { run: 'keys, a server paused', paused: true },
  { run: 'tags, a server paused', paused: true, tags: true },
];

const { seconds, help } = readOptions();
if (help) {
  process.stdout.write(HELP);
  process.exit();
}

const progress = new Progress(process.stderr);
try {
  const results = await prove();
  progress.end();
  const wrong = problems(results);
  process.stdout.write(`\n${table(results)}\n`);
  for (const note of notes(results)) process.stdout.write(`${note}\n`);
  for (const problem of wrong) process.stdout.write(`FAILED  ${problem}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} catch (error) {
  progress.end();
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function prove() {
  const runs = [
    ...STORMS.map(({ run, ...how }) => ({ run, work: (lib, tell) => storm(lib, { ...how, seconds, tell }) })),
    { run: 'stampede', work: (lib, tell) => stampede(lib, { tell }) },
    { run: 'winner killed', work: (lib, tell) => winnerKilled(lib, { tell }) },
    { run: 'hot key', work: (lib, tell) => hotKey(lib, { tell }) },
    {
      run: 'servers killed',
      work: (lib, tell) => lostServers(lib, { lose: (all, one) => all.kill(one), tell }),
    },
    {
      run: 'servers hung',
      work: (lib, tell) => lostServers(lib, { lose: (all, one) => all.pause(one), tell }),
    },
    { run: 'updates', work: (lib, tell) => updates(lib, { tell }) },
  ];
  const results = [];
  for (const { run, work } of runs) {
    for (const pattern of PATTERNS) results.push(await measured(run, pattern, pattern, work));
  }
  const inLoop = (lib, tell) => updates(lib, { cacheOptions: { updateByCas: true }, tell });
  results.push(await measured('updates', 'gets and cas in a loop', 'naive', inLoop));
  return results;
}

async function measured(run, pattern, folder, work) {
  progress.begin(`${run}, ${pattern}`);
  const libDir = fileURLToPath(new URL(`proof/${folder}`, import.meta.url));
  return { run, pattern, ...(await work(libDir, (text) => progress.tell(text))) };
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { seconds: { type: 'string', default: '20' }, help: { type: 'boolean', default: false } },
    });
    const seconds = Number(values.seconds);
    if (!(seconds >= 3 && seconds <= 3600))
      throw new TypeError(`--seconds ${values.seconds} is not 3 to 3600`);
    return { seconds, help: values.help };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return process.exit(1);
  }
}
