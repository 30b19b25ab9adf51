import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ReplyFrames } from './reply-frames.js';

/** Whose words a shared proxy speaks. */
export type ProxyWords =
  /** Classic only; hangs up on what it does not know. */
  | 'twemproxy'
  /** memcached's own proxy mode: meta and classic; answers `stats` for itself; hangs up on `flush_all`. */
  | 'memcached';

const REFUSED = {
  twemproxy: 'SERVER_ERROR Connection refused\r\n',
  memcached: 'SERVER_ERROR backend failure\r\n',
} as const;

const KNOWN = {
  twemproxy: /^(get|gets|set|add|replace|append|prepend|cas|incr|decr|delete|touch|version|quit)$/,
  memcached:
    /^(get|gets|gat|gats|set|add|replace|append|prepend|cas|incr|decr|delete|touch|version|quit|mg|ms|md|ma|me|mn|stats)$/,
} as const;

const VERSION = { twemproxy: 'VERSION 0.5.0\r\n', memcached: 'VERSION 1.6.38\r\n' } as const;

const STATS = 'STAT pid 1\r\nSTAT uptime 100000\r\nSTAT version 1.6.38\r\nEND\r\n';

/** The bytes of a data block stand third in `ms` lines, and fifth in those of classic storage commands. */
const BLOCK = /^(?:ms \S+|(?:set|add|replace|append|prepend|cas) \S+ \d+ -?\d+) (\d+)/;

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * A proxy before several memcacheds that many clients share, so that none of them sees what becomes of a server behind it.
 *
 * A key belongs to one backend; who asks for one whose backend is lost is told so by a `SERVER_ERROR`.
 */
export class SharedProxy implements AsyncDisposable {
  /** Connections that were accepted. */
  accepted = 0;
  /** Connections that were ended over a command that the proxy does not know. */
  hungUp = 0;
  readonly words: ProxyWords;
  readonly #backends: readonly Address[];
  readonly #lost = new Set<number>();
  readonly #sessions = new Set<Session>();
  #listener: Server | undefined;
  #port = 0;

  private constructor(words: ProxyWords, backends: readonly Address[]) {
    this.words = words;
    this.#backends = backends;
  }

  /** Listens on a free port. */
  static async start(words: ProxyWords, backends: readonly Address[]): Promise<SharedProxy> {
    const proxy = new SharedProxy(words, backends);
    await proxy.up();
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Which backend a key belongs to. */
  backendOf(key: string): number {
    let hash = 0;
    for (const byte of Buffer.from(key)) hash = (Math.imul(hash, 31) + byte) >>> 0;
    return hash % this.#backends.length;
  }

  /** Nothing reaches this backend any more, and what it stores stays there. */
  lose(index: number): void {
    this.#lost.add(index);
  }

  regain(index: number): void {
    this.#lost.delete(index);
  }

  isLost(index: number): boolean {
    return this.#lost.has(index);
  }

  /** Ends every connection and accepts none: who connects is refused. */
  async down(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    for (const session of this.#sessions) session.end();
    if (listener !== undefined) await new Promise((resolve) => void listener.close(resolve));
  }

  /** Listens again, on the port it had. */
  async up(): Promise<void> {
    this.#listener = createServer({ noDelay: true }, (client) => {
      this.accepted += 1;
      const session = new Session(this, client, this.#backends);
      this.#sessions.add(session);
      client.once('close', () => this.#sessions.delete(session));
    });
    this.#listener.listen(this.#port, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.#port = (this.#listener.address() as AddressInfo).port;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }
}

/** One client's connection: its requests go to many backends, and their replies come back in the order of the requests. */
class Session {
  readonly #proxy: SharedProxy;
  readonly #client: Socket;
  readonly #backends: readonly Backend[];
  #answers: Promise<unknown> = Promise.resolve();
  #text = '';

  constructor(proxy: SharedProxy, client: Socket, backends: readonly Address[]) {
    this.#proxy = proxy;
    this.#client = client;
    this.#backends = backends.map((address) => new Backend(address));
    client.on('data', (bytes) => this.#read(bytes.toString('latin1')));
    client.on('error', () => {}).once('close', () => this.end());
  }

  end(): void {
    this.#client.destroy();
    for (const backend of this.#backends) backend.end();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const lineEnd = this.#text.indexOf('\r\n');
      if (lineEnd < 0) return;
      const line = this.#text.slice(0, lineEnd);
      const block = BLOCK.exec(line);
      const end = lineEnd + 2 + (block === null ? 0 : Number(block[1]) + 2);
      if (this.#text.length < end) return;
      const request = this.#text.slice(0, end);
      this.#text = this.#text.slice(end);
      if (!this.#take(line, request)) return;
    }
  }

  /** @returns false when the connection has ended over it. */
  #take(line: string, request: string): boolean {
    const { words } = this.#proxy;
    const [command, ...rest] = line.split(' ');
    if (!KNOWN[words].test(command) || command === 'quit') {
      if (command !== 'quit') this.#proxy.hungUp += 1;
      this.end();
      return false;
    }
    if (command === 'version') this.#answer(Promise.resolve(VERSION[words]));
    else if (command === 'mn') this.#answer(Promise.resolve('MN\r\n'));
    else if (command === 'stats') this.#answer(Promise.resolve(STATS));
    else if (command === 'get' || command === 'gets') this.#answer(this.#many(command, rest));
    else this.#answer(this.#ask(rest[0], request));
    return true;
  }

  async #many(command: string, keys: readonly string[]): Promise<string> {
    const byBackend = new Map<number, string[]>();
    for (const key of keys) {
      const index = this.#proxy.backendOf(key);
      byBackend.set(index, [...(byBackend.get(index) ?? []), key]);
    }
    const parts = await Promise.all(
      Array.from(byBackend.values(), (some) => this.#ask(some[0], `${command} ${some.join(' ')}\r\n`)),
    );
    const failed = parts.find((part) => !part.endsWith('END\r\n'));
    return failed ?? `${parts.map((part) => part.slice(0, -'END\r\n'.length)).join('')}END\r\n`;
  }

  #ask(key: string, request: string): Promise<string> {
    const { words } = this.#proxy;
    const index = this.#proxy.backendOf(key);
    return this.#proxy.isLost(index)
      ? Promise.resolve(REFUSED[words])
      : this.#backends[index].ask(request).catch(() => REFUSED[words]);
  }

  #answer(reply: Promise<string>): void {
    this.#answers = this.#answers.then(async () => {
      const text = await reply;
      if (this.#client.writable) this.#client.write(text, 'latin1');
    });
  }
}

/** A connection to one backend, opened when it is first needed. */
class Backend {
  readonly #address: Address;
  #socket: Socket | undefined;
  readonly #waiting: {
    readonly resolve: (reply: string) => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  constructor(address: Address) {
    this.#address = address;
  }

  ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      (this.#socket ?? this.#open()).write(request, 'latin1');
    });
  }

  end(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const frames = new ReplyFrames();
    const socket = connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    socket.on('data', (bytes) => {
      for (const reply of frames.push(bytes)) this.#waiting.shift()?.resolve(reply.toString('latin1'));
    });
    socket
      .on('error', () => {})
      .once('close', () => {
        this.#socket = undefined;
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('the backend has hung up'));
      });
    return socket;
  }
}
