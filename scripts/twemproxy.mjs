import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_LIMIT_MS = 20_000;

/** Debian installs it where only root's PATH looks. */
const SEARCH_PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

/** The processes that are running now; none is left behind, however the script ends. */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a twemproxy before memcached servers.
 *
 * @param {string[]} addresses
 * @param {number} timeoutMs how long it waits for a server before it answers for it.
 * @returns {Promise<{ address: string, stop(): Promise<void> }>}
 */
export async function startTwemproxy(addresses, timeoutMs) {
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
  running.add(child);
  const exited = once(child, 'exit');
  await untilOpen(port, child);
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      running.delete(child);
      child.kill('SIGKILL');
      await exited;
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
