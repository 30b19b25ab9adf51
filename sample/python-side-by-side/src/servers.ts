import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const running: ChildProcess[] = [];

process.once('exit', stopAll);

/**
 * Starts a memcached as the tutorial does, but for `-d` and `-P`: it is to end with this program, so it stays in front.
 *
 * @returns its address.
 */
export async function startMemcached(): Promise<string> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const args = ['-m', '64', ...user, '-l', '127.0.0.1', '-p', String(port), '-c', '256'];
  process.stdout.write(`memcached ${args.join(' ')}\n`);
  return started('memcached', args, port);
}

/** Ends what was started. */
export function stopAll(): void {
  for (const program of running) program.kill();
}

async function started(command: string, args: string[], port: number): Promise<string> {
  const program = spawn(command, args, {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  running.push(program);
  const ended = once(program, 'exit').then(([code]) => {
    throw new Error(`${command} ended with ${String(code)}: is it installed?`);
  });
  ended.catch(() => undefined);
  await Promise.race([ended, answers(port)]);
  return `127.0.0.1:${port}`;
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await sleep(20);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
