/**
 * `npm run bench`: how fast the library is against bare sockets and every other client; `--help` says what else it does.
 *
 * Prints a Markdown report, writes `bench/results/DATE.json` and draws the charts of README from that. Needs memcached, and
 * Redis for the rows of Redis' clients; looks for them, and installs them where it can.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { prepareOurselves } from './prepare.mjs';
import { readOptions, USAGE } from './options.mjs';

const options = readOptions(process.argv.slice(2));

/** A quick run ends within two minutes, and the first round is never cut short. */
const QUICK_LIMIT_MS = 110_000;
const ROUNDS = 7;

if (options.help) console.log(USAGE);
else if (options.list) await list();
else if (options.faults) measureFaults();
else {
  await prepareOurselves();
  if (options.micro) await import('./micro/run.mjs');
  else if (options.report !== undefined) await report(options.report);
  else if (options.charts !== undefined) await draw(options.charts);
  else await measure();
}

async function list() {
  const { WORKLOADS } = await import('./workloads/table.mjs');
  for (const { id, title } of WORKLOADS) console.log(`${id.padEnd(26)} ${title}`);
}

/** The tests of the faults measure as they go, and make sure that every answer was right. */
function measureFaults() {
  const root = new URL('..', import.meta.url);
  const env = { ...process.env, MEASURE: '1', REQUIRE_MEMCACHED: '1' };
  const { status } = spawnSync('npm', ['test', '--', 'test/faults', '--runInBand'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

async function report(file) {
  const { readResult } = await import('./result-file.mjs');
  await print(readResult(file));
}

async function print(result) {
  const { Summary } = await import('./report/summary.mjs');
  const { toMarkdown } = await import('./report/markdown.mjs');
  console.log(toMarkdown(new Summary(result)));
}

async function printPaired(result) {
  const { Summary } = await import('./report/summary.mjs');
  const { pairedTable } = await import('./report/paired.mjs');
  console.log(pairedTable(new Summary(result)));
}

async function draw(file) {
  const { readResult } = await import('./result-file.mjs');
  const { Summary } = await import('./report/summary.mjs');
  const { drawCharts } = await import('./report/charts.mjs');
  for (const chart of await drawCharts(new Summary(readResult(file)))) console.log(`drew ${chart}`);
}

async function measure() {
  const { findPrograms } = await import('./programs.mjs');
  const { makePlan } = await import('./plan.mjs');
  const { Progress } = await import('./progress.mjs');
  const { runRounds } = await import('./rounds.mjs');
  const { Servers } = await import('./servers.mjs');
  const { describeRun, writeResult } = await import('./result-file.mjs');

  const programs = await findPrograms();
  if (programs.redis === undefined) console.log('there is no redis-server: the Redis clients are left out');
  const plan = makePlan(options, programs.redis !== undefined);
  if (plan.length === 0) throw new Error('no workload has such an id; --list shows them');
  if (options.profile !== undefined) mkdirSync(resolve(options.profile), { recursive: true });

  const { quick } = options;
  const rounds = options.rounds ?? (quick ? Infinity : ROUNDS);
  const untilMs = quick ? performance.now() + QUICK_LIMIT_MS : Infinity;
  const command = [
    'npm run bench',
    ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []),
  ].join(' ');
  const run = describeRun(programs, command);
  const servers = new Servers();
  const progress = new Progress(rounds, plan);
  let workloads;
  try {
    workloads = await runRounds(
      plan,
      servers,
      { rounds, untilMs },
      progress,
      options.profile && resolve(options.profile),
    );
  } finally {
    progress.end();
    servers.stop();
  }
  const done = Math.max(
    ...Object.values(workloads).flatMap((cells) => Object.values(cells).map(({ length }) => length)),
  );
  const result = { ...run, rounds: done, workloads };
  await (options.against === undefined ? print(result) : printPaired(result));
  const whole =
    !quick && options.only.length === 0 && options.contender.length === 0 && options.with.length === 0;
  if (whole || options.save) {
    const file = writeResult(result);
    console.log(`wrote ${file}`);
    if (whole) await draw(file);
  }
}
