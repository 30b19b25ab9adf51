import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { run } from '../command.mjs';

const LIMIT_MINUTES = 5;

/** The demo's tour on its own two embedded servers; fails unless every claim held. */
export function demoOnEmbeddedServers() {
  return demo({});
}

/** The demo's tour on two real memcached processes, with weights 1 and 2. */
export async function demoOnRealServers() {
  const ports = await freePorts(2);
  const servers = ports.map((port) =>
    spawn(
      'memcached',
      [
        ...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []),
        '-l',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        '0',
      ],
      { stdio: 'ignore' },
    ),
  );
  try {
    await Promise.all(servers.map((server) => once(server, 'spawn')));
    return await demo({
      MEMCACHED_SERVERS: ports.map((port, index) => `127.0.0.1:${port}=${index + 1}`).join(),
    });
  } finally {
    for (const server of servers) server.kill();
  }
}

function demo(env) {
  return run(process.execPath, ['scripts/demo.mjs', '--exit'], {
    env: { PORT: '0', MEMCACHED_SERVERS: '', DATABASE_URL: '', ...env },
    limitMinutes: LIMIT_MINUTES,
  });
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
