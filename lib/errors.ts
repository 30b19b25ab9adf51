/**
 * Whether a failed command can have changed anything on the server.
 *
 * `not-sent`: no byte of it left this process, it may be repeated freely.
 * `unknown`: it was written, and nobody knows whether it was carried out: repeating an `incr` may count twice.
 */
export type Outcome = 'not-sent' | 'unknown';

/** The stable `code` of every error this package throws. */
export type MemcachedErrorCode =
  | 'MEMCACHED_INVALID_ARGUMENT'
  | 'MEMCACHED_INVALID_OPTIONS'
  | 'MEMCACHED_CONNECTION'
  | 'MEMCACHED_TIMEOUT'
  | 'MEMCACHED_PROTOCOL'
  | 'MEMCACHED_SERVER'
  | 'MEMCACHED_VALUE_TOO_LARGE'
  | 'MEMCACHED_UNSUPPORTED'
  | 'MEMCACHED_OVERLOAD'
  | 'MEMCACHED_CODEC'
  | 'MEMCACHED_CLOSED'
  | 'MEMCACHED_CAS_CONFLICT'
  | 'MEMCACHED_LOADER_TIMEOUT'
  | 'MEMCACHED_DECORATOR';

/**
 * Every error of this package is one of these: catch this class, and tell cases apart by `code`.
 *
 * Misses, values not stored and cas conflicts of single commands are results, not errors.
 */
export abstract class MemcachedError extends Error {
  abstract readonly code: MemcachedErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * An argument no server would take: an empty key, a negative ttl. Thrown before anything is sent.
 *
 * Mend: change the call as the message says. Keys from outside belong into `cacheKey()` or a key template, which escape them.
 */
export class InvalidArgumentError extends MemcachedError {
  readonly code = 'MEMCACHED_INVALID_ARGUMENT';
}

/**
 * An option that cannot be meant; `path` says where it stands (`servers[1].weight`). Thrown at
 * construction, and by calls whose options cannot be meant.
 *
 * Mend: correct the option that `path` names; an unknown name comes with the nearest known one.
 */
export class InvalidOptionsError extends MemcachedError {
  readonly code = 'MEMCACHED_INVALID_OPTIONS';

  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(path === '' ? problem : `${path}: ${problem}`);
  }
}

/**
 * The server cannot be reached, refused the connection, closed it, or left the list while the command was in flight.
 *
 * Mend: see that the server runs and can be reached from this host (`npx nestjs-memcached ping`), and repeat what `outcome` says
 * was not sent. The cache counts these and calls the loader; only plain commands, locks and updates throw them.
 */
export class ConnectionError extends MemcachedError {
  readonly code = 'MEMCACHED_CONNECTION';

  constructor(
    message: string,
    readonly server: string,
    readonly outcome: Outcome,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * No reply within the command's deadline. The reply, should it still come, is read and thrown away.
 *
 * Mend: look at the server's load and the network, then at an event loop that stands still in this process; raise
 * `commandTimeout` if neither is at fault. With `outcome: 'unknown'`, repeat only what may be done twice.
 */
export class CommandTimeoutError extends MemcachedError {
  readonly code = 'MEMCACHED_TIMEOUT';

  constructor(
    message: string,
    readonly server: string,
    readonly outcome: Outcome,
    readonly timeoutMs: number,
  ) {
    super(message);
  }
}

/**
 * The peer sent bytes that memcached would not send here. The connection was given up; nothing of it is handed out.
 *
 * Mend: see what listens on that port: another program, TLS where none is expected, or a proxy that changes replies.
 */
export class ProtocolError extends MemcachedError {
  readonly code = 'MEMCACHED_PROTOCOL';
  readonly outcome: Outcome = 'unknown';

  constructor(
    message: string,
    readonly server: string = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The server understood the command and refused it: `ERROR`, `CLIENT_ERROR …` or `SERVER_ERROR …`.
 *
 * Mend: `reply` says why. `out of memory storing object` asks for more memory (`-m`), `ERROR` for a server or proxy that knows the
 * command.
 */
export class ServerError extends MemcachedError {
  readonly code = 'MEMCACHED_SERVER';

  constructor(
    message: string,
    readonly server: string,
    /** The reply line as the server sent it. */
    readonly reply: string,
  ) {
    super(message);
  }
}

/**
 * The value is larger than the server's item limit (`-I`, 1 MiB by default). Nothing was stored.
 *
 * Mend: store less, compress (`codec: { compressOverBytes }`), or raise `-I` of every server.
 */
export class ValueTooLargeError extends MemcachedError {
  readonly code = 'MEMCACHED_VALUE_TOO_LARGE';

  constructor(
    message: string,
    readonly sizeBytes: number,
    readonly limitBytes: number,
  ) {
    super(message);
  }
}

/**
 * This server, dialect or setting cannot do what was asked; the message names the option that would. Nothing was sent.
 *
 * Mend: set the option, or use a server that can: some commands need memcached 1.6.10 or later, reached directly.
 */
export class UnsupportedError extends MemcachedError {
  readonly code = 'MEMCACHED_UNSUPPORTED';
}

/**
 * Too many requests in flight or bytes waiting for one server (`maxInFlight`, `maxQueuedBytes`). Nothing was sent.
 *
 * Has no stack: it is thrown when there are thousands too many, and taking a stack is most of what an error costs.
 *
 * Mend: ask for less at once, or add servers; raise the limits only where the process has the memory.
 */
export class OverloadError extends MemcachedError {
  readonly code = 'MEMCACHED_OVERLOAD';
  readonly outcome: Outcome = 'not-sent';

  constructor(
    message: string,
    readonly server: string,
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * A value cannot be stored as it is, or stored bytes cannot be read as a value. Never carries the value.
 *
 * Mend: the message names the place in the value. Name classes in `types`, leave out functions and symbols; for bytes of another
 * client, set the `codec` that it writes.
 */
export class CodecError extends MemcachedError {
  readonly code = 'MEMCACHED_CODEC';
}

/**
 * The client was closed.
 *
 * Mend: let what calls it end before the application does; Nest closes it in its shutdown hooks, after requests in flight.
 */
export class ClientClosedError extends MemcachedError {
  readonly code = 'MEMCACHED_CLOSED';

  constructor(
    message: string,
    readonly outcome: Outcome = 'not-sent',
  ) {
    super(message);
  }
}

/**
 * `update` met a concurrent change on every one of its attempts. The value of the last winner stands.
 *
 * Mend: let the function that makes the next value be quick, split the key, or use a counter (`incr`).
 */
export class CasConflictError extends MemcachedError {
  readonly code = 'MEMCACHED_CAS_CONFLICT';

  constructor(
    message: string,
    readonly key: string,
    readonly attempts: number,
  ) {
    super(message);
  }
}

/**
 * The loader of `getOrSet` was still running at its `hardTimeout`, and there was no stale value to serve.
 *
 * Mend: make the loader quicker or heed its `signal`, raise `hardTimeout`, or give the value a `grace`.
 */
export class LoaderTimeoutError extends MemcachedError {
  readonly code = 'MEMCACHED_LOADER_TIMEOUT';

  constructor(
    message: string,
    readonly key: string,
    readonly timeoutMs: number,
  ) {
    super(message);
  }
}

/**
 * A decorator stands where it would share or lose answers. Thrown at boot, and by a call where only the call shows it, as a `varyBy`
 * that returns nothing or an observable's second emission; names class, method, mistake and mend.
 *
 * Mend: the message says what to write instead, for all mistakes of the application at once.
 */
export class DecoratorError extends MemcachedError {
  readonly code = 'MEMCACHED_DECORATOR';
}
