import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, isInstalled, startInBackground } from './background-program.mjs';

const START_LIMIT_MS = 20_000;

/** @returns {boolean} whether it is installed. */
export function hasTwemproxy() {
  return isInstalled('nutcracker');
}

/**
 * Starts a twemproxy before memcached servers, with its usual settings; it ends with this process, however that ends.
 *
 * @param {readonly string[]} addresses
 * @param {number} [timeoutMs] how long it waits for a server before it answers for it.
 * @param {readonly string[]} [names] of the servers, by which keys are distributed, so that ports do not matter.
 * @returns {Promise<{ address: string, stop(): Promise<void> }>}
 */
export async function startTwemproxy(addresses, timeoutMs = 2000, names = []) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-twemproxy-'));
  const [port, statsPort] = await freePorts(2);
  const settings = [
    'pool:',
    `  listen: 127.0.0.1:${port}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    `  timeout: ${timeoutMs}`,
    '  servers:',
    ...addresses.map((address, index) => `    - ${address}:1 ${names[index] ?? ''}`.trimEnd()),
    '',
  ];
  writeFileSync(join(folder, 'nutcracker.yml'), settings.join('\n'));
  const program = await startInBackground({
    title: 'twemproxy (nutcracker)',
    command: 'nutcracker',
    args: ['-c', join(folder, 'nutcracker.yml'), '-s', String(statsPort), '-o', join(folder, 'log')],
    folder,
    port,
    startLimitMs: START_LIMIT_MS,
  });
  return { ...program, address: `127.0.0.1:${port}` };
}
