import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_LIMIT_MS = 20_000;

/** The processes that are running now; none is left behind, however the script ends. */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => process.exit(code));
}

/**
 * Starts memcached processes on free ports.
 *
 * @param {number} count
 * @param {{ args?: string[], host?: string }} [how] further arguments of each, in which `%` stands for its number; and the
 *   address to listen on.
 * @returns {Promise<{
 *   addresses: string[],
 *   pause(index: number): void,
 *   resume(index: number): void,
 *   kill(index: number): Promise<void>,
 *   end(index: number): Promise<void>,
 *   start(index: number): Promise<void>,
 *   stop(): Promise<void>,
 * }>} `end` asks a server to end, which then keeps what `-e` lets it keep; `start` starts it again in the same place.
 */
export async function startServers(count, { args = [], host = '127.0.0.1' } = {}) {
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) => startServer(host, argsOf(args, index))),
  );
  return {
    addresses: servers.map(({ address }) => address),
    pause: (index) => void servers[index].child.kill('SIGSTOP'),
    resume: (index) => void servers[index].child.kill('SIGCONT'),
    kill: (index) => end(servers[index].child),
    end: (index) => end(servers[index].child, 'SIGUSR1'),
    async start(index) {
      const { address } = servers[index];
      servers[index] = await startServer(host, argsOf(args, index), address.split(':')[1]);
    },
    async stop() {
      await Promise.all(servers.map(({ child }) => end(child)));
    },
  };
}

function argsOf(args, index) {
  return args.map((arg) => arg.replace('%', String(index)));
}

async function startServer(host, args, port = '-1') {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-server-'));
  // As root the server becomes `nobody` before it writes its port.
  chmodSync(folder, 0o777);
  const portFile = join(folder, 'port');
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('memcached', [...asNobody, '-l', host, '-p', port, '-U', '0', '-t', '1', ...args], {
    env: { ...process.env, MEMCACHED_PORT_FILENAME: portFile },
    stdio: 'ignore',
    // An interrupt from the keyboard is for the script alone, which then ends its servers.
    detached: true,
  });
  try {
    await once(child, 'spawn').catch((cause) => {
      throw new Error('there is no memcached on PATH; `npm run check` says how to install it', { cause });
    });
    running.add(child);
    return { child, address: `127.0.0.1:${await portIn(portFile, child)}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function portIn(file, child) {
  const deadline = performance.now() + START_LIMIT_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    const port = /^TCP INET: (\d+)$/m.exec(readIfThere(file))?.[1];
    if (port !== undefined) return port;
    await sleep(5);
  }
  child.kill('SIGKILL');
  throw new Error('memcached did not start');
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function end(child, signal = 'SIGKILL') {
  if (!running.delete(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  // One that is paused ends by nothing else.
  if (signal === 'SIGKILL') child.kill('SIGCONT');
  if (child.exitCode === null && child.signalCode === null) await exited;
}
