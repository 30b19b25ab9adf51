import { describe, it } from '@jest/globals';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** How long a server may take until it accepts a connection. */
const START_LIMIT_MS = 20_000;

/** Pause between two looks at a server that is starting. */
const POLL_MS = 4;

/** A shell line that kills the process of its argument when the process holding its standard input is gone. */
export const WATCHDOG = 'trap "" INT TERM HUP; read -r line || kill -KILL "$0"';

/** How to start a memcached. */
export interface RealMemcachedOptions {
  /** Further command line arguments; they stand last and win. With `-s PATH` it listens on that socket only. */
  readonly args?: readonly string[];
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string;
  /** Port to listen on, for a restart in the same place; 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** Listen on a unix socket, made in a folder of its own, instead of TCP. @default false */
  readonly unixSocket?: boolean;
  /** Environment of the server, beside that of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A memcached process of one test; it ends with `stop()`, and at the latest with the process of the tests. */
export interface RealMemcached extends AsyncDisposable {
  readonly host: string;
  /** 0 on a unix socket. */
  readonly port: number;
  /** `host:port`, `[host]:port` for IPv6, or the path of the unix socket: what a client takes as a server. */
  readonly address: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  /** What the server has written to its standard error so far. */
  readonly stderr: string;
  /** Sends a signal: `SIGSTOP`, `SIGCONT`, `SIGKILL`, … */
  kill(signal: NodeJS.Signals): void;
  /** Stops the server where it stands (`SIGSTOP`) and waits until all its threads have; `kill('SIGCONT')` goes on. */
  pause(): Promise<void>;
  /** Kills the server, paused or not, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Whether there is an executable `memcached` on PATH. */
export function hasMemcached(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'memcached'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A `describe` for tests that need a real memcached.
 *
 * Without one they are named as skipped; with `REQUIRE_MEMCACHED=1` the suite fails instead.
 */
export function describeReal(name: string, tests: () => void): void {
  if (hasMemcached()) {
    describe(name, tests);
  } else if (process.env.REQUIRE_MEMCACHED === '1') {
    describe(name, () => {
      it('has a memcached on PATH to run against', () => {
        throw new Error('REQUIRE_MEMCACHED is set and there is no memcached on PATH');
      });
    });
  } else {
    describe.skip(`${name} (skipped: no memcached on PATH)`, tests);
  }
}

/**
 * Starts a memcached with one thread and 64 MB, and waits until it accepts connections.
 *
 * @throws {Error} when it ends before that, with what it wrote to its standard error.
 */
export async function startMemcached(options: RealMemcachedOptions = {}): Promise<RealMemcached> {
  const { host = '127.0.0.1', port = 0, args = [], env = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'memcached-'));
  // As root the server becomes `nobody` before it makes its socket and writes its port.
  chmodSync(folder, 0o777);
  const socketPath = socketPathIn(args) ?? (options.unixSocket ? join(folder, 'memcached.sock') : undefined);
  const portFile = join(folder, 'port');

  const child = spawn(
    'memcached',
    [
      ...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []),
      ...(socketPath === undefined
        ? ['-l', host, '-p', port === 0 ? '-1' : String(port), '-U', '0']
        : ['-s', socketPath, '-a', '0777']),
      '-t',
      '1',
      '-m',
      '64',
      ...args,
    ],
    {
      env: { ...process.env, ...env, MEMCACHED_PORT_FILENAME: portFile },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = settled(child);
  await once(child, 'spawn');
  const watchdog = spawn('sh', ['-c', WATCHDOG, String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  // The pipe breaks when the watchdog itself has been killed.
  watchdog.stdin.on('error', () => undefined);
  const cleaned = exited.then(() => {
    watchdog.stdin.end('done\n');
    rmSync(folder, { recursive: true, force: true });
  });

  const target = socketPath ?? portFile;
  const listening = await untilListening(child, () =>
    socketPath === undefined ? portIn(portFile, host) : { path: socketPath },
  ).catch(async (cause: unknown) => {
    child.kill('SIGKILL');
    await cleaned;
    // What it wrote may be read after its end is known.
    if (!child.stderr.readableEnded) await once(child.stderr, 'end');
    throw new Error(`memcached did not start (${target}): ${stderr.trim()}`, { cause });
  });

  const server: RealMemcached = {
    host: socketPath === undefined ? host : '',
    port: 'port' in listening ? listening.port : 0,
    address: 'port' in listening ? hostAndPort(host, listening.port) : listening.path,
    pid: child.pid as number,
    process: child,
    exited: cleaned,
    get stderr() {
      return stderr;
    },
    kill(signal) {
      child.kill(signal);
    },
    async pause() {
      child.kill('SIGSTOP');
      while (!isStopped(server.pid)) await wait(POLL_MS);
    },
    async stop() {
      child.kill('SIGKILL');
      await cleaned;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** Looks again and again, until somebody accepts where `find` says the server is. */
async function untilListening(child: ChildProcess, find: () => Target | undefined): Promise<Target> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const target = find();
    if (target !== undefined && (await accepts(target))) return target;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the process has ended');
    if (Date.now() > deadline) throw new Error(`nothing accepted a connection in ${START_LIMIT_MS} ms`);
    await wait(POLL_MS);
  }
}

function accepts(target: Target): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target)
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });
}

/** The server writes `TCP INET: 12345` under another name and then renames the file, so it is whole once it is there. */
function portIn(file: string, host: string): Target | undefined {
  try {
    const match = /^TCP INET6?: (\d+)$/m.exec(readFileSync(file, 'utf8'));
    return match === null ? undefined : { host, port: Number(match[1]) };
  } catch {
    return undefined;
  }
}

function socketPathIn(args: readonly string[]): string | undefined {
  const index = args.indexOf('-s');
  return index < 0 ? undefined : args[index + 1];
}

function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Settles when the process is gone, or was never there: the error of a missing executable reaches `once('spawn')`. */
function settled(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve()).once('error', () => resolve());
  });
}

/** Whether a process stands still with all its threads: its main thread can stop before the one that answers. */
function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  const states = existsSync(threads)
    ? readdirSync(threads).map((thread) => stateIn(join(threads, thread, 'stat')))
    : [spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()];
  return states.every((state) => state.startsWith('T'));
}

/** The state follows the command's name in parentheses. */
function stateIn(stat: string): string {
  return readFileSync(stat, 'latin1').replace(/^.*\) /s, '');
}
