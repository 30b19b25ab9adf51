/*
 * Changes the library in one small place at a time and runs the tests of that room: a change that no test notices is a
 * gap in them, or a place that does not matter. Takes minutes; part of nobody's check.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './command.mjs';
import { mutationsOf } from './mutants/mutations.mjs';

const HELP = `npm run mutants -- [options]

  --rooms A,B   folders of lib/ (default cache)
  --count N     how many changes are tried, chosen at random (default 50)
  --seed N      chooses the same ones again (default 1)
  --tests A,B   what is run on each (default: the folders of test/ with the rooms' names)
  --processes   also the tests that start processes, which take longest
  --help        this text
`;

/** Tests that take so many times as long as without a change hang, and have noticed. */
const PATIENCE = 4;

/** The start of the test runner, which no test counts. */
const START_MS = 20_000;

/** A spec that is done so soon is among the first. */
const SOON_MS = 1500;

const { rooms, count, seed, tests, processes } = readOptions();
const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

for (const name of ['lib', 'test', 'package.json', 'jest.config.mjs', 'tsconfig.json']) {
  cpSync(join(ROOT, name), join(folder, name), { recursive: true });
}
for (const name of ['node_modules', 'scripts', 'docs', 'sample'])
  symlinkSync(join(ROOT, name), join(folder, name));

const places = rooms.flatMap((room) => {
  const files = readdirSync(join(folder, 'lib', room), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .flatMap((file) =>
      mutationsOf(join('lib', room, file), readFileSync(join(folder, 'lib', room, file), 'utf8')),
    );
});
const chosen = shuffled(places, seed).slice(0, count);
process.stdout.write(`${chosen.length} of ${places.length} places in ${rooms.join(', ')}, seed ${seed}\n`);
const { quick, others } = await runUnchanged();
const survivors = [];
for (const [index, { file, start, end, text, line, said }] of chosen.entries()) {
  const path = join(folder, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(path, source.slice(0, start) + text + source.slice(end));
  const survived = (await passes(quick)) && (await passes(others));
  writeFileSync(path, source);
  const place = `${file}:${line}: ${said}`;
  if (survived) survivors.push(place);
  process.stdout.write(`${index + 1}/${chosen.length} ${survived ? 'SURVIVED' : 'noticed '} ${place}\n`);
}
const noticed = chosen.length - survivors.length;
process.stdout.write(
  `\n${noticed} of ${chosen.length} noticed (${Math.round((100 * noticed) / chosen.length)} %)\n`,
);
for (const place of survivors) process.stdout.write(`  ${place}\n`);

/** Runs the tests without a change, and divides them into those that are done soon, which come first, and the others. */
async function runUnchanged() {
  const report = join(folder, 'report.json');
  const all = { specs: tests, limitMs: Infinity };
  if (!(await passes(all, ['--json', `--outputFile=${report}`]))) {
    process.stderr.write(`the tests fail without any change: ${tests.join(' ')}\n`);
    process.exit(1);
  }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const msOf = ({ startTime, endTime }) => endTime - startTime;
  const parts = { quick: [], others: [] };
  for (const spec of testResults) parts[msOf(spec) <= SOON_MS ? 'quick' : 'others'].push(spec);
  const part = (specs) => ({
    specs: specs.map(({ name }) => name),
    limitMs: START_MS + PATIENCE * specs.reduce((sum, spec) => sum + msOf(spec), 0),
  });
  return { quick: part(parts.quick), others: part(parts.others) };
}

/** Whether all of some tests pass. One that hangs does not. */
function passes({ specs, limitMs }, more = []) {
  if (specs.length === 0) return Promise.resolve(true);
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  // Behind the paths: it takes all that follow it for its own.
  const ignored = processes ? [] : ['--testPathIgnorePatterns', '/processes'];
  const child = spawn(
    process.execPath,
    [...flags, '--bail', '--silent', '--testTimeout=20000', ...more, ...specs, ...ignored],
    {
      cwd: folder,
      stdio: 'ignore',
      detached: true,
    },
  );
  return new Promise((resolve) => {
    const timer = limitMs === Infinity ? undefined : setTimeout(() => killGroup(child.pid), limitMs);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

/** The same order for the same seed. */
function shuffled(list, from) {
  let state = from >>> 0;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const order = [...list];
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [order[other], order[index]];
  }
  return order;
}

function readOptions() {
  const text = (fallback) => ({ type: 'string', default: fallback });
  try {
    const { values } = parseArgs({
      options: {
        rooms: text('cache'),
        count: text('50'),
        seed: text('1'),
        tests: { type: 'string' },
        processes: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit();
    }
    const names = values.rooms.split(',');
    const numbers = Object.fromEntries(
      ['count', 'seed'].map((name) => {
        const number = Number(values[name]);
        if (!Number.isInteger(number) || number < 1)
          throw new TypeError(`--${name}: expected a whole number from 1`);
        return [name, number];
      }),
    );
    return {
      rooms: names,
      tests: values.tests?.split(',') ?? names.map((name) => `test/${name}/`),
      processes: values.processes,
      ...numbers,
    };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return process.exit(1);
  }
}
