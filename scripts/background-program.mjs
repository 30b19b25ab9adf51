import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between two looks at a program that is starting. */
const POLL_MS = 5;

/** Where packages put servers, and where only root's PATH looks. */
export const SEARCH_PATH = [process.env.PATH, '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'].join(':');

/**
 * A shell line that kills the process group of its first argument, and removes the folder of its second, when the process
 * holding its standard input is gone.
 */
const WATCHDOG = 'trap "" INT TERM HUP; read -r line || { kill -KILL "-$0"; rm -rf -- "$1"; }';

/** @returns {boolean} whether the program is installed. */
export function isInstalled(command, args = ['--version']) {
  return spawnSync(command, args, { env: { ...process.env, PATH: SEARCH_PATH } }).error === undefined;
}

/**
 * Starts a program with all that it starts in turn, and waits until it accepts connections; it ends with this process,
 * however that ends.
 *
 * @param {object} program
 * @param {string} program.title as a message calls it.
 * @param {string} program.command
 * @param {readonly string[]} program.args
 * @param {string} program.folder of its own, which is removed in the end.
 * @param {number} program.port where it will listen.
 * @param {number} program.startLimitMs
 * @param {Record<string, string>} [program.env] beside that of this process.
 * @param {{ uid: number, gid: number }} [program.user] whom it runs as.
 * @returns {Promise<{ pid: number, folder: string, exited: Promise<void>, kill(signal: string): void, stop(): Promise<void> }>}
 */
export async function startInBackground({
  title,
  command,
  args,
  folder,
  port,
  startLimitMs,
  env = {},
  user = {},
}) {
  // Groups of their own: the program's, so that it ends whole, and the watchdog's, so that it outlives a killed group.
  const child = spawn(command, args, {
    env: { ...process.env, PATH: SEARCH_PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    detached: true,
    ...user,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-4000)));
  }
  try {
    await once(child, 'spawn');
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`there is no ${title}; \`npm run check\` says how to install it`, { cause });
  }
  const watchdog = spawn('sh', ['-c', WATCHDOG, String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // The pipe breaks when the watchdog itself has been killed.
  watchdog.stdin.on('error', () => undefined);
  const exited = once(child, 'exit').then(() => undefined);
  const program = {
    pid: child.pid,
    folder,
    exited,
    kill: (signal) => signalGroup(child.pid, signal),
    async stop() {
      signalGroup(child.pid, 'SIGKILL');
      await exited;
      if (watchdog.exitCode === null && watchdog.signalCode === null) {
        const gone = once(watchdog, 'exit');
        watchdog.stdin.end('done\n');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  const deadline = performance.now() + startLimitMs;
  while (!(await accepts(port))) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || performance.now() > deadline) {
      await program.stop();
      throw new Error(`${title} did not start: ${output.trim()}`);
    }
    await sleep(POLL_MS);
  }
  return program;
}

/** Ports that were free a moment ago, for programs that cannot choose their own. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** @returns {Promise<boolean>} whether somebody accepts connections there. */
async function accepts(port) {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return isOpen;
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
