import { describe, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasMemcached, WATCHDOG } from './real-memcached.js';

/** Debian installs it where only root's PATH looks. */
const SEARCH_PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** A running twemproxy. */
export interface Twemproxy {
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * A `describe` for tests that need twemproxy, and memcached behind it: skipped by name without one of them, failing with
 * `REQUIRE_MEMCACHED=1`.
 */
export function describeTwemproxy(name: string, tests: () => void): void {
  const missing = hasMemcached() ? (hasTwemproxy() ? undefined : 'nutcracker (twemproxy)') : 'memcached';
  if (missing === undefined) {
    describe(name, tests);
  } else if (process.env.REQUIRE_MEMCACHED === '1') {
    describe(name, () => {
      it(`has ${missing} on PATH to run against`, () => {
        throw new Error(`REQUIRE_MEMCACHED is set and there is no ${missing} on PATH`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: no ${missing} on PATH)`, tests);
  }
}

function hasTwemproxy(): boolean {
  const { error } = spawnSync('nutcracker', ['--version'], { env: { ...process.env, PATH: SEARCH_PATH } });
  return error === undefined;
}

/**
 * Starts a twemproxy before memcached servers, with its usual settings.
 *
 * @param timeoutMs how long it waits for a server before it answers for it.
 */
export async function startTwemproxy(servers: readonly string[], timeoutMs = 2000): Promise<Twemproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'twemproxy-'));
  const [port, statsPort] = await freePorts(2);
  writeFileSync(
    join(folder, 'nutcracker.yml'),
    [
      'pool:',
      `  listen: 127.0.0.1:${port}`,
      '  hash: fnv1a_64',
      '  distribution: ketama',
      `  timeout: ${timeoutMs}`,
      '  servers:',
      ...servers.map((server) => `    - ${server}:1`),
      '',
    ].join('\n'),
  );
  const child = spawn(
    'nutcracker',
    ['-c', join(folder, 'nutcracker.yml'), '-s', String(statsPort), '-o', join(folder, 'log')],
    { env: { ...process.env, PATH: SEARCH_PATH }, stdio: 'ignore' },
  );
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  const watchdog = spawn('sh', ['-c', WATCHDOG, String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.stdin.on('error', () => undefined);
  await untilOpen(port);
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
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function untilOpen(port: number): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await wait(4);
    } finally {
      socket.destroy();
    }
  }
  throw new Error('twemproxy did not start');
}
