import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long a server may take until it accepts a connection. */
const START_LIMIT_MS = 20_000;

/** A certificate for 127.0.0.1, the key to it, and the authority that signed it. */
const CERTIFICATES = fileURLToPath(new URL('../test/fixtures/tls/', import.meta.url));

/** The servers that cells talk to: real ones, each in a process of its own, on ports the system chooses. */
export class Servers {
  #folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-bench-'));
  #children = [];
  #memcached = [];
  #tls;
  #redis;

  constructor() {
    // As root, memcached becomes `nobody` before it reads its certificate and writes its port.
    chmodSync(this.#folder, 0o777);
    process.once('exit', () => this.stop());
  }

  /** @returns {Promise<string[]>} the addresses of so many memcached. */
  async memcached(count) {
    while (this.#memcached.length < count)
      this.#memcached.push(this.#startMemcached(this.#memcached.length, []));
    return Promise.all(this.#memcached.slice(0, count));
  }

  /** @returns {Promise<string>} the address of a memcached that speaks TLS. */
  tls() {
    if (this.#tls === undefined) {
      for (const name of ['server.crt', 'server.key'])
        copyFileSync(join(CERTIFICATES, name), join(this.#folder, name));
      const paths = `ssl_chain_cert=${this.#folder}/server.crt,ssl_key=${this.#folder}/server.key`;
      this.#tls = this.#startMemcached('tls', ['-Z', '-o', paths]);
    }
    return this.#tls;
  }

  /** @returns {Promise<string>} the address of a Redis. */
  redis() {
    this.#redis ??= this.#startRedis();
    return this.#redis;
  }

  /** Drops what cells have left behind: their clients write in ways of their own under the same keys. */
  async empty() {
    const started = await Promise.all(this.#memcached);
    await Promise.all(started.map((address) => tell(address, 'flush_all\r\n')));
    if (this.#redis !== undefined) await tell(await this.#redis, 'FLUSHALL\r\n');
  }

  stop() {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #startMemcached(name, args) {
    const portFile = join(this.#folder, `port-${name}`);
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const listen = ['-l', '127.0.0.1', '-p', '-1', '-U', '0', '-t', '1', '-m', '256'];
    const child = this.#start('memcached', [...user, ...listen, ...args], {
      MEMCACHED_PORT_FILENAME: portFile,
    });
    return accepting(child, () => {
      const [, port] = /^TCP INET: (\d+)$/m.exec(readFileSync(portFile, 'utf8')) ?? [];
      return port;
    });
  }

  async #startRedis() {
    const port = await freePort();
    const quiet = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--dir', this.#folder];
    return accepting(this.#start('redis-server', ['--port', String(port), ...quiet]), () => port);
  }

  #start(command, args, env = {}) {
    const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    this.#children.push(child);
    return child;
  }
}

/** What a client needs to trust the TLS server. */
export function tlsOptions() {
  return { ca: readFileSync(join(CERTIFICATES, 'ca.crt'), 'utf8') };
}

async function accepting(child, findPort) {
  await once(child, 'spawn');
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const port = attempt(findPort);
    if (port !== undefined && (await accepts(port))) return `127.0.0.1:${port}`;
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${child.spawnfile} does not start`);
    await wait(5);
  }
}

function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });
}

/** Sends a line and waits for the answer's first bytes. */
async function tell(address, line) {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  socket.write(line);
  await once(socket, 'data');
  socket.destroy();
}

/** A port that was free a moment ago; Redis has no way to say which one it chose. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
