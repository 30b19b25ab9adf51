import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { ItemStore } from './item-store.js';
import { ServerConnection } from './server-connection.js';
import { newServerState, type ServerSettings } from './server-state.js';

/** Kept from the beginning: a test that stops the time stops no server. */
const unixMs: () => number = Date.now;

/**
 * A memcached inside this process, for tests and first steps: a real TCP server that answers the classic and the meta
 * commands as memcached 1.6.18 does.
 *
 * Items live for exactly their ttl by its clock, where a real server, which counts whole seconds, may drop them up to
 * one second early. What it does not have: the binary protocol, UDP, `watch`, `slabs`, `lru`,
 * `cache_memlimit`, `refresh_certs` and `stats detail`.
 *
 * @example
 * ```ts
 * const server = await MemcachedServer.start();
 * const client = new MemcachedClient({ servers: [server.address] });
 * // …
 * await client.close();
 * await server.close();
 * ```
 */
export class MemcachedServer implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `host:port`, as a client takes it. */
  readonly address: string;
  readonly #listener: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #items: ItemStore;
  #closing: Promise<void> | undefined;

  private constructor(listener: Server, host: string, address: string, { sockets, items }: Served) {
    this.host = host;
    this.port = (listener.address() as AddressInfo).port;
    this.address = address;
    this.#listener = listener;
    this.#sockets = sockets;
    this.#items = items;
  }

  /**
   * Starts a server, empty, and resolves when it accepts connections.
   *
   * @throws {Error} what Node says when it cannot listen there, for instance `EADDRINUSE`.
   */
  static async start(options: MemcachedServerOptions = {}): Promise<MemcachedServer> {
    const { host = '127.0.0.1', port = 0, tls } = options;
    const settings: ServerSettings = {
      version: options.version ?? '1.6.18',
      host,
      maxItemBytes: options.maxItemBytes ?? 1024 * 1024,
      memoryLimitBytes: options.memoryLimitBytes ?? 64 * 1024 * 1024,
      maxConnections: options.maxConnections ?? 1024,
      auth: options.auth,
      tls: tls !== undefined,
      now: options.now ?? unixMs,
    };
    const listener =
      tls === undefined
        ? createServer({ allowHalfOpen: true })
        : createTlsServer({ ...tls, allowHalfOpen: true });
    listener.listen({ host, port });
    await once(listener, 'listening');
    const address = hostAndPort(host, (listener.address() as AddressInfo).port);
    return new MemcachedServer(listener, host, address, serve(listener, settings, address));
  }

  /** Lets all that it holds be older by so many milliseconds, and expire by then; its time of day stays as it is. */
  age(byMs: number): void {
    this.#items.age(byMs);
  }

  /** Lets the process end while nobody is connected, as `unref()` of Node's servers does. */
  unref(): void {
    this.#listener.unref();
  }

  /** Ends every connection and stops listening; what was stored is gone. A second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#listener.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
    return this.#closing;
  }

  /** Closes the server at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** How to start an embedded server; everything has a default. */
export interface MemcachedServerOptions {
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** Port to listen on; 0 takes a free one. @default 0 */
  readonly port?: number | undefined;
  /**
   * The server's clock, in milliseconds since 1970: let a test move it to make items expire.
   *
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
  /** What `version` answers; clients choose their commands by it. @default '1.6.18' */
  readonly version?: string | undefined;
  /**
   * Largest item in bytes, like memcached's `-I`: key, value and about 60 bytes of memcached's own.
   *
   * @default 1_048_576
   */
  readonly maxItemBytes?: number | undefined;
  /** Bytes of all items above which the least recently used are evicted, like `-m`. @default 67_108_864 */
  readonly memoryLimitBytes?: number | undefined;
  /** Clients above this number are turned away with an error, like `-c`. @default 1024 */
  readonly maxConnections?: number | undefined;
  /** What a client must send first, like `-Y`; neither may hold a blank. @default nobody has to */
  readonly auth?: { readonly username: string; readonly password: string } | undefined;
  /** Speak TLS only, like `-Z`, with these options of `tls.createServer`. @default plain TCP */
  readonly tls?: TlsOptions | undefined;
}

/** What a server consists of. */
interface Served {
  /** Those that are open at any time. */
  readonly sockets: ReadonlySet<Socket>;
  readonly items: ItemStore;
}

/** Answers everybody who connects. */
function serve(listener: Server, settings: ServerSettings, address: string): Served {
  const sockets = new Set<Socket>();
  const connections = new Set<ServerConnection>();
  const state = newServerState(settings, address, connections);
  let lastId = 0;
  // Before the handshake of TLS, so that close() ends those sockets too.
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    dropOnError(socket);
  });
  listener.on(settings.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    dropOnError(socket);
    if (connections.size >= settings.maxConnections) {
      state.counters.rejected_connections++;
      // Read on, because a reset for unread bytes could overtake the error.
      socket.resume().end('ERROR Too many open connections\r\n');
      return;
    }
    state.counters.total_connections++;
    const connection = new ServerConnection(state, socket, ++lastId);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  return { sockets, items: state.store };
}

/** What a client does to its end of a connection is its own business. */
function dropOnError(socket: Socket): void {
  socket.on('error', () => socket.destroy());
}

function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
