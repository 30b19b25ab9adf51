import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import {
  describeReal,
  hasMemcached,
  type RealMemcached,
  startMemcached,
  WATCHDOG,
} from './real-memcached.js';

async function ask(server: RealMemcached, command: string): Promise<string> {
  const target: NetConnectOpts =
    server.port === 0 ? { path: server.address } : { host: server.host, port: server.port };
  const socket = connect(target);
  socket.end(command);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a machine without memcached', () => {
  it('is noticed by looking through PATH', () => {
    const path = process.env.PATH;
    process.env.PATH = '/nonexistent';
    try {
      expect(hasMemcached()).toBe(false);
    } finally {
      process.env.PATH = path;
    }
  });
});

describeReal('a real memcached for a test', () => {
  it('listens on a port of its own and is gone after stop()', async () => {
    const first = await startMemcached();
    const second = await startMemcached();
    expect(first.address).toBe(`127.0.0.1:${first.port}`);
    expect(second.port).not.toBe(first.port);
    expect(await ask(first, 'set a 0 0 1\r\n1\r\nquit\r\n')).toBe('STORED\r\n');
    expect(await ask(second, 'get a\r\nquit\r\n')).toBe('END\r\n');
    await Promise.all([first.stop(), second.stop()]);
    expect(isAlive(first.pid) || isAlive(second.pid)).toBe(false);
  });

  it('comes back empty on the same port', async () => {
    const first = await startMemcached();
    await ask(first, 'set a 0 0 1\r\n1\r\nquit\r\n');
    first.kill('SIGKILL');
    await first.exited;
    await using again = await startMemcached({ port: first.port });
    expect(again.port).toBe(first.port);
    expect(await ask(again, 'get a\r\nquit\r\n')).toBe('END\r\n');
  });

  it('listens on IPv6', async () => {
    await using server = await startMemcached({ host: '::1' });
    expect(server.address).toBe(`[::1]:${server.port}`);
    expect(await ask(server, 'mn\r\nquit\r\n')).toBe('MN\r\n');
  });

  it('listens on a unix socket', async () => {
    await using server = await startMemcached({ unixSocket: true });
    expect(server.port).toBe(0);
    expect(await ask(server, 'mn\r\nquit\r\n')).toBe('MN\r\n');
  });

  it('takes further arguments', async () => {
    await using server = await startMemcached({ args: ['-I', '2m'] });
    expect(await ask(server, 'stats settings\r\nquit\r\n')).toContain('STAT item_size_max 2097152\r\n');
  });

  it('is stopped even while it is paused', async () => {
    const server = await startMemcached();
    server.kill('SIGSTOP');
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('says what the server wrote when it cannot start', async () => {
    await expect(startMemcached({ args: ['-I', '1'] })).rejects.toThrow(/did not start.*[Ii]tem max size/s);
  });

  it('dies with the process that started it, even if that is killed', async () => {
    // The watchdog over a stand-in, because this process cannot be killed to see it work.
    const script = `
      import { spawn } from 'node:child_process';
      const child = spawn('sleep', ['600'], { stdio: ['ignore', 'inherit', 'ignore'] });
      spawn('sh', ['-c', process.argv[1], String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
      console.log('started');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script, WATCHDOG], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    // Both hold the output open, so it closes only when the stand-in is gone too.
    expect(await once(parent, 'close')).toContain('SIGKILL');
  });
});
