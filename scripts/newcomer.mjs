/**
 * `node scripts/newcomer.mjs TARBALL`: the first hour of somebody who has read nothing but a README, in each language.
 *
 * Takes an application as `nest new` of Nest 11 (CommonJS, jest) and of Nest 12 (ES modules, vitest) makes it, without a line
 * of configuration changed, outside of the repository; installs the packed package and what the README's code imports; puts
 * in every piece of code as it is shown; compiles; starts the first one, and asks it twice; and has the piece about tests run
 * by the application's own runner. Needs memcached on PATH.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, run } from './command.mjs';
import { startServers } from './memcached.mjs';

const START_LIMIT_MS = 30_000;

/** What READMEs import beside what `nest new` installs, in the version for each Nest. */
const PEERS = {
  '@nestjs/cache-manager': { nest11: '3.1.3', nest12: '12.0.0' },
  '@nestjs/terminus': { nest11: '11.1.1', nest12: '12.1.0' },
  '@nestjs/throttler': { nest11: '6.7.1', nest12: '6.7.1' },
  '@opentelemetry/api': { nest11: '1.10.0', nest12: '1.10.0' },
  'cache-manager': { nest11: '7.2.9', nest12: '7.2.9' },
  keyv: { nest11: '5.6.0', nest12: '5.6.0' },
  'prom-client': { nest11: '15.1.3', nest12: '15.1.3' },
};

/** Peers that have to be installed though no import names them. */
const ALONG = { '@nestjs/cache-manager': ['cache-manager', 'keyv'] };

/** A marked piece of code, and its name. */
const PIECE = /<!-- snippet: ([\w-]+) -->\n+```ts\n([\s\S]*?)```/g;

/** Runs what a README shows of tests; CommonJS imports files without their ending. */
const spec = (nest) => `import { example } from './readme/testing${nest === 'nest11' ? '' : '.js'}';

it('runs as it is shown', async () => {
  await example();
});
`;

const [argument] = process.argv.slice(2);
if (argument === undefined) {
  console.error('usage: node scripts/newcomer.mjs TARBALL');
  process.exit(2);
}
const tarball = resolve(argument);
const pages = readdirSync(ROOT).filter((file) => /^README(\.[\w-]+)?\.md$/.test(file));

const servers = await startServers(1);
try {
  for (const nest of ['nest11', 'nest12']) {
    const folder = mkdtempSync(join(tmpdir(), `nestjs-memcached-newcomer-${nest}-`));
    try {
      await begin(nest, folder);
      console.log(`${nest}: sound, by ${pages.join(' and ')}`);
    } catch (error) {
      console.log(error.output ?? '');
      console.log(`${nest}: ${error.message}`);
      process.exitCode = 1;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
} finally {
  await servers.stop();
}

async function begin(nest, folder) {
  cpSync(join(ROOT, 'scripts', 'newcomer', nest), folder, { recursive: true });
  const read = pages.map((page) => ({ page, pieces: piecesOf(page) }));
  await install(nest, folder, read);
  const tried = new Map();
  for (const { page, pieces } of read) {
    const code = JSON.stringify([...pieces]);
    if (tried.has(code)) {
      console.log(`${nest}: ${page} shows the same pieces, in the same order, as ${tried.get(code)}`);
      continue;
    }
    tried.set(code, page);
    rmSync(join(folder, 'src'), { recursive: true, force: true });
    mkdirSync(join(folder, 'src', 'readme'), { recursive: true });
    for (const [name, code] of pieces) writeFileSync(join(folder, 'src', 'readme', `${name}.ts`), code);
    writeFileSync(join(folder, 'src', 'main.ts'), pieces.get('quick-start'));
    writeFileSync(join(folder, 'src', 'readme.spec.ts'), spec(nest));
    await run('npm', ['run', 'build'], { cwd: folder });
    await compileStrictly(folder);
    await askTwice(folder);
    await run('npm', ['test'], { cwd: folder });
    console.log(
      `${nest}: ${page}, ${pieces.size} pieces compiled, the first started, the one about tests run`,
    );
  }
}

function piecesOf(page) {
  const pieces = new Map(
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(PIECE)].map(([, name, code]) => [name, code]),
  );
  for (const name of ['quick-start', 'testing']) {
    if (!pieces.has(name)) throw new Error(`${page} shows no ${name}`);
  }
  return pieces;
}

async function install(nest, folder, read) {
  const imported = read.flatMap(({ pieces }) =>
    [...pieces.values()].flatMap((code) =>
      Array.from(code.matchAll(/from '([^'.][^']*)'/g), ([, from]) => from),
    ),
  );
  const named = Object.keys(PEERS).filter((name) =>
    imported.some((from) => from === name || from.startsWith(`${name}/`)),
  );
  const peers = new Set(named.flatMap((name) => [name, ...(ALONG[name] ?? [])]));
  await run(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--prefer-offline',
      '--loglevel=error',
      tarball,
      ...Array.from(peers, (name) => `${name}@${PEERS[name][nest]}`),
    ],
    { cwd: folder },
  );
}

/** A variable that may be unset fits an option, however exact the compiler is asked to be. */
function compileStrictly(folder) {
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  return run(process.execPath, [tsc, '--noEmit', '--strict', '--exactOptionalPropertyTypes'], {
    cwd: folder,
  });
}

/** Starts what README begins with: the second answer has to be the first one, from memcached. */
async function askTwice(folder) {
  const port = await freePort();
  const app = spawn('npm', ['run', 'start:prod'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port), MEMCACHED_SERVERS: servers.addresses[0] },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [app.stdout, app.stderr]) stream.on('data', (text) => (output += text));
  try {
    const ask = () => fetch(`http://127.0.0.1:${port}/products/7`).then((response) => response.json());
    const first = await startedAnswer(ask, app);
    const second = await ask();
    if (first.id !== '7' || first.loadedAt !== second.loadedAt)
      throw new Error(`asked twice, it answered ${JSON.stringify([first, second])}`);
  } catch (error) {
    error.output = output;
    throw error;
  } finally {
    if (app.pid !== undefined) process.kill(-app.pid, 'SIGKILL');
  }
}

async function startedAnswer(ask, app) {
  const until = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (app.exitCode !== null || performance.now() > until) throw error;
      await sleep(100);
    }
  }
}

function freePort() {
  return new Promise((free, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => free(port));
    });
  });
}
