import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, isInstalled, startInBackground } from './background-program.mjs';

const START_LIMIT_MS = 20_000;

/** @returns {boolean} whether it is installed. */
export function hasRedis() {
  return isInstalled('redis-server');
}

/**
 * Starts a redis-server that stores nothing on disk; it ends with this process, however that ends.
 *
 * @param {number} [port] for a restart in the same place. @default a free one
 * @returns {Promise<{ port: number, address: string, kill(signal: string): void, stop(): Promise<void> }>}
 */
export async function startRedis(port) {
  const [ownPort] = port === undefined ? await freePorts(1) : [port];
  const settings = ['--bind', '127.0.0.1', '--port', String(ownPort), '--save', '', '--appendonly', 'no'];
  const program = await startInBackground({
    title: 'redis-server',
    command: 'redis-server',
    args: settings,
    folder: mkdtempSync(join(tmpdir(), 'nestjs-memcached-redis-')),
    port: ownPort,
    startLimitMs: START_LIMIT_MS,
  });
  return { ...program, port: ownPort, address: `127.0.0.1:${ownPort}` };
}
