/*
 * What docs/staleness.md promises, put to the test with processes on real memcacheds, beside the pattern that most code
 * uses: get; load; set; delete on write. Prints a table. Ends with status 1 if a promise was broken, or if the naive
 * pattern got away with it, for then nothing was proved.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Progress } from './proof/progress.mjs';
import { provePromises } from './proof/promises.mjs';
import { notes, problems, table } from './proof/report.mjs';
import { hotKey, lostServers, stampede, updates, winnerKilled } from './proof/rushes.mjs';
import { storm } from './proof/storm.mjs';

const HELP = `npm run proof -- [options]

  --seconds N     how long each of the storms lasts (default 20, at least 3)
  --cluster       only what is promised of clusters that change; otherwise this comes after the races
  --near          only near caches: storms on real servers, and how old what is read may be
  --reliability   only chaos, outages, hostile bytes and endurance; 25 minutes, with --short two
  --peers         a table of what faults do to this and other clients; installs them into bench/
  --short         less of everything
  --only TEXT     of these two only the cases with this in their name
  --against DIST  the same of another build, whose figures stand beside
  --endurance N   seconds that the endurance takes
  --times N       how often each outage happens
  --write         puts their tables into docs/reliability.md
  --help          this text
`;

/** The caches, by the folder that has each in the shape of the library. */
const PATTERNS = ['ours', 'naive'];

const STORMS = [
  { run: 'keys, processes killed', killed: true },
  { run: 'tags, processes killed', killed: true, tags: true },
  { run: 'keys, a server paused', paused: true },
  { run: 'tags, a server paused', paused: true, tags: true },
];

const options = readOptions();
if (options.help) {
  process.stdout.write(HELP);
  process.exit();
}

const progress = new Progress(process.stderr);
const print = (text) => process.stdout.write(text);
try {
  const races = !options.cluster && !options.near && !options.reliability && !options.peers;
  const raced = !races || (await race());
  const kept = await provePromises(
    { ...options, cluster: races || options.cluster, near: races || options.near },
    progress,
    print,
  );
  process.exit(raced && kept ? 0 : 1);
} catch (error) {
  progress.end();
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

/** @returns whether every promise was kept, and put to the test. */
async function race() {
  const results = await prove(options.seconds ?? 20);
  progress.end();
  const wrong = problems(results);
  print(`\n${table(results)}\n`);
  for (const note of notes(results)) print(`${note}\n`);
  for (const problem of wrong) print(`FAILED  ${problem}\n`);
  return wrong.length === 0;
}

async function prove(seconds) {
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
    const flag = { type: 'boolean', default: false };
    const text = { type: 'string' };
    const { values } = parseArgs({
      options: {
        seconds: text,
        cluster: flag,
        near: flag,
        reliability: flag,
        peers: flag,
        short: flag,
        only: text,
        against: text,
        endurance: text,
        times: text,
        write: flag,
        help: flag,
      },
    });
    // Where another build lies is this machine's affair, and the command goes into a page.
    const words = process.argv.slice(2).map((word) => (word === values.against ? 'DIST' : word));
    const command = ['npm run proof --', ...words].join(' ');
    return {
      ...values,
      seconds: number(values.seconds, '--seconds', 3),
      endurance: number(values.endurance, '--endurance', 3),
      times: number(values.times, '--times', 1),
      command,
    };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return process.exit(1);
  }
}

function number(text, option, least) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value >= least && value <= 3600)) throw new TypeError(`${option} ${text} is not ${least} to 3600`);
  return value;
}
