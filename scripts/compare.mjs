/**
 * `npm run compare`: the same five questions, put to this package and to what is used instead, each on a server of its own:
 * memcached for what is made for it, Redis for the others.
 *
 * The others are installed into a folder outside of the repository. `--write` puts the table into docs/comparison.md.
 */
import { fork, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CONTENDERS, ON_MEMCACHED, PACKAGES } from './compare/contenders.mjs';
import { run } from './command.mjs';

const PROCESSES = 4;
const CALLERS = 50;
const LOAD_MS = 300;

const PAGE = new URL('../docs/comparison.md', import.meta.url);
const TABLE = /(<!-- measured -->)[\s\S]*(<!-- end of measured -->)/;

const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-compare-'));
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  await run('npm', [
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    // Nest 9, for one of them, wants an older cache-manager beside it; they never meet.
    '--legacy-peer-deps',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  for (const file of ['contenders.mjs', 'process.mjs']) {
    copyFileSync(fileURLToPath(new URL(`compare/${file}`, import.meta.url)), join(folder, file));
  }
  const rows = [];
  for (const name of Object.keys(CONTENDERS)) rows.push([name, ...(await measure(name))]);
  const heads = [
    '',
    `loads, ${CALLERS} callers of a cold key in one process`,
    `loads, ${PROCESSES} processes of ${CALLERS} callers`,
    'invalidated by another process during its load: the old value is',
    'a `Date` and a `Map` come back as',
    'a read, the server killed',
  ];
  const table = [heads, heads.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  console.log(table);
  if (process.argv.includes('--write')) {
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(TABLE, (_all, open, close) => `${open}\n\n${table}\n\n${close}`),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name) {
  const server = await startServer(name);
  const settings = JSON.stringify({
    dist: new URL('../dist/index.js', import.meta.url).href,
    address: server.address,
  });
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => startProcess(name, settings)));
  try {
    const [first, second, third] = processes;
    await Promise.all(processes.map((each) => each.ask('read', { key: 'warm' })));
    const alone = await first.ask('read', { key: 'alone', callers: CALLERS, takesMs: LOAD_MS });
    const all = await Promise.all(
      processes.map((each) => each.ask('read', { key: 'all', callers: CALLERS, takesMs: LOAD_MS })),
    );
    const loading = first.ask('read', { key: 'raced', takesMs: LOAD_MS, value: 'old' });
    await wait(LOAD_MS / 3);
    await second.ask('invalidate', { key: 'raced' });
    await loading;
    const raced = await third.ask('read', { key: 'raced', value: 'new' });
    await first.ask('read', { key: 'kinds', value: 'kinds' });
    const kinds = await second.ask('read', { key: 'kinds', value: 'kinds' });
    await server.kill();
    await wait(LOAD_MS);
    const away = await Promise.race([first.ask('read', { key: 'away' }), wait(10_000, 'no answer in 10 s')]);
    return [
      alone.loads,
      all.reduce((sum, { loads }) => sum + loads, 0),
      raced.text === 'new' ? 'gone' : 'stored and served',
      kinds.failed ?? toldKinds(kinds),
      typeof away === 'string'
        ? away
        : (away.failed ?? `loaded, ${away.ms < 5 ? 'under 5' : Math.round(away.ms)} ms`),
    ];
  } finally {
    for (const each of processes) each.kill();
    await server.kill();
  }
}

function toldKinds({ loads, kinds }) {
  if (loads > 0) return 'not stored';
  return (
    Object.values(kinds)
      .map((kind) => `\`${kind.slice(8, -1)}\``)
      .join(', ') || '–'
  );
}

async function startProcess(name, settings) {
  const child = fork(join(folder, 'process.mjs'), [name, settings], { silent: true });
  const waiting = new Map();
  await new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve();
      else waiting.get(message.id)?.(message.result);
    });
    child.once('exit', (code) => reject(new Error(`${name}: its process ended with ${code}`)));
  });
  let last = 0;
  return {
    ask: (does, told) =>
      new Promise((resolve) => {
        last += 1;
        waiting.set(last, resolve);
        child.send({ id: last, does, ...told });
      }),
    kill: () => child.kill('SIGKILL'),
  };
}

async function startServer(name) {
  const port = await freePort();
  const child = ON_MEMCACHED.has(name)
    ? spawn('memcached', [
        '-p',
        String(port),
        '-l',
        '127.0.0.1',
        '-U',
        '0',
        ...(process.getuid?.() === 0 ? ['-u', 'root'] : []),
      ])
    : spawn('redis-server', [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
      ]);
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  await wait(500);
  return {
    address: `127.0.0.1:${port}`,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
