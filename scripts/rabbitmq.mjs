import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, isInstalled, startInBackground } from './background-program.mjs';

/** It takes five seconds on an idle machine. */
const START_LIMIT_MS = 120_000;

/** Debian's own script, since the one on PATH is for root alone and writes to /var; elsewhere the one on PATH. */
const DEBIANS = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** epmd tells Erlang's nodes where they are. One of this server's own, in its group, is ended with it. */
const LAUNCH = 'epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & exec "$0"';

/** @returns {boolean} whether it is installed. */
export function hasRabbitmq() {
  return isInstalled('epmd', ['-names']) && (existsSync(DEBIANS) || isInstalled('rabbitmqctl', ['version']));
}

/**
 * Starts a RabbitMQ of its own, with its own epmd, ports and folder, and not as root; it ends with this process, however that
 * ends.
 *
 * @param {number} [port] for a restart in the same place, without what was there. @default a free one
 * @returns {Promise<{ port: number, url: string, kill(signal: string): void, stop(): Promise<void> }>}
 */
export async function startRabbitmq(port) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-rabbitmq-'));
  const user = ordinaryUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const [freePort, distributionPort, epmdPort] = await freePorts(3);
  const ownPort = port ?? freePort;
  const program = await startInBackground({
    title: 'RabbitMQ',
    command: 'sh',
    args: ['-c', LAUNCH, existsSync(DEBIANS) ? DEBIANS : 'rabbitmq-server'],
    folder,
    port: ownPort,
    startLimitMs: START_LIMIT_MS,
    user,
    env: {
      HOME: folder,
      ERL_EPMD_PORT: String(epmdPort),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_NODENAME: `nestjs-memcached-${ownPort}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(ownPort),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOGS: '-',
      // None of the machine's settings and plug-ins.
      RABBITMQ_CONFIG_FILE: join(folder, 'none'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'none'),
      // One scheduler that does not spin: tests beside it need the processor.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
    },
  });
  return { ...program, port: ownPort, url: `amqp://guest:guest@127.0.0.1:${ownPort}` };
}

/** Whom a server runs as that root starts: Debian's user for it, or nobody. */
function ordinaryUser() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag, name) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  for (const name of ['rabbitmq', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // There is no such user.
    }
  }
  return undefined;
}
