import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_LIMIT_MS = 20_000;

/** Debian installs it where only root's PATH looks. */
const SEARCH_PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

/** A shell line that kills the process of its argument when the process holding its standard input is gone. */
const WATCHDOG = 'trap "" INT TERM HUP; read -r line || kill -KILL "$0"';

/** @returns {boolean} whether it is installed. */
export function hasTwemproxy() {
  const { error } = spawnSync('nutcracker', ['--version'], { env: { ...process.env, PATH: SEARCH_PATH } });
  return error === undefined;
}

/**
 * Starts a twemproxy before memcached servers, with its usual settings; it ends with this process, however that ends.
 *
 * @param {readonly string[]} addresses
 * @param {number} [timeoutMs] how long it waits for a server before it answers for it.
 * @returns {Promise<{ address: string, stop(): Promise<void> }>}
 */
export async function startTwemproxy(addresses, timeoutMs = 2000) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-twemproxy-'));
  const [port, statsPort] = await freePorts(2);
  const settings = [
    'pool:',
    `  listen: 127.0.0.1:${port}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    `  timeout: ${timeoutMs}`,
    '  servers:',
    ...addresses.map((address) => `    - ${address}:1`),
    '',
  ];
  writeFileSync(join(folder, 'nutcracker.yml'), settings.join('\n'));
  const args = ['-c', join(folder, 'nutcracker.yml'), '-s', String(statsPort), '-o', join(folder, 'log')];
  const child = spawn('nutcracker', args, { env: { ...process.env, PATH: SEARCH_PATH }, stdio: 'ignore' });
  await once(child, 'spawn').catch((cause) => {
    throw new Error('there is no twemproxy (nutcracker); `npm run check` says how to install it', { cause });
  });
  const exited = once(child, 'exit');
  const watchdog = spawn('sh', ['-c', WATCHDOG, String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  // The pipe breaks when the watchdog itself has been killed.
  watchdog.stdin.on('error', () => undefined);
  await untilOpen(port, child);
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      watchdog.stdin.end('done\n');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ports that were free a moment ago; twemproxy cannot choose its own. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function untilOpen(port, child) {
  const deadline = performance.now() + START_LIMIT_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await sleep(5);
  }
  throw new Error('twemproxy did not start');
}
