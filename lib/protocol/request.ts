import { ProtocolError, UnsupportedError, type MemcachedError, type Outcome } from '../errors.js';
import { LONG_PAST } from './exptime.js';
import type { Reply } from './reply.js';

const ignore = (): void => {};

/**
 * One request: what it asks, how its reply is read, and whom to tell.
 *
 * One flat class for all kinds, so that the hot path sees one shape; only the fields a kind needs are meaningful. What few
 * kinds say stands apart from it, since each field costs every command.
 */
export class Request {
  /** The key as the user wrote it: for messages and codecs. */
  userKey = '';
  /** The key with its prefix, before any encoding: what a distribution hashes. */
  routingKey = '';
  /** Whether who made the request has found its key, or its keys, to be in their wire form; what is not is looked at again. */
  keyIsChecked = false;
  /** Expiration time as memcached counts it, where it is a Unix time by this process's clock; 0 never expires. */
  exptime = 0;
  /** The same for a storage command that is spoken in the classic dialect; -1 where it makes no difference. */
  exptimeInClassic = -1;
  /** Client flags of the value. */
  flags = 0;
  /** The data block of a storage command: bytes, or text with one character per byte. */
  data: Buffer | string | undefined = undefined;
  /** `N`: until when a miss leaves a stub, and the lease to its reader, as memcached counts it; 0 for no lease. */
  leaseExptime = 0;

  /** Whether the server is owed the request when it is away, to be sent before the server is read from again. */
  owed = false;

  /** Bytes of the values its replies brought. */
  receivedBytes = 0;

  /** How many replies have come that are followed by more. */
  items = 0;
  /** What the reader gathered from replies that were followed by more. */
  gathered: unknown = undefined;
  /** What a miss resolves with; also the answer where failover `miss` stands in for a server that is away. */
  missResult: unknown = undefined;

  /** Milliseconds the caller is ready to wait. */
  timeoutMs = 0;
  /** When that is over, on the clock of the connection that carries it; 0 until one took it. */
  deadline = 0;
  /** The number the reply must carry, or -1 where replies carry none. */
  opaque = -1;
  /** Bytes of its value or keys that count among what waits for its server; 0 while none do. */
  admittedBytes = 0;
  progress: RequestProgress = 'new';
  /** Whether it was already tried once on a connection that was lost. */
  retried = false;
  /** Whether the caller has been told; a settled request that was written waits for its reply as a tombstone. */
  settled = false;

  /** The connection that it was given to last. */
  carrier: Carrier | undefined = undefined;

  /** Does the same where the classic dialect has no command of its own for it. */
  inClassic: ClassicForm | undefined = undefined;

  /** Who counts what comes of it, besides its caller. */
  watch: Watch | undefined = undefined;

  /** Who is told what came of a read, in place of its caller. */
  asker: Asker | undefined = undefined;

  /** What only few requests say; to be read only, `ownDetails()` is to be written to. */
  details: Readonly<Details> = NO_DETAILS;

  resolve: (result: unknown) => void = ignore;
  reject: (error: unknown) => void = ignore;

  /**
   * @param kind what is asked.
   * @param key the key as it stands on the wire, one character per byte, prefix included; `''` for requests without one.
   *   Of a `line` the whole line, without its end.
   * @param read how the reply becomes the result.
   */
  constructor(
    readonly kind: RequestKind,
    readonly key: string,
    readonly read: ReplyReader,
  ) {}

  get outcome(): Outcome {
    return this.progress === 'new' ? 'not-sent' : 'unknown';
  }

  /** How errors call the request: ``get "user:1"``. */
  get label(): string {
    if (this.kind === 'line') return this.key.split(' ', 1)[0];
    if (this.details.keys !== undefined) return `${this.kind} of ${this.details.keys.length} keys`;
    return `${this.kind} ${JSON.stringify(this.userKey)}`;
  }

  /** Whether carrying it out twice is the same as once, so that a lost connection may be made good by one more try. */
  get repeatable(): boolean {
    switch (this.kind) {
      case 'get':
      case 'gets':
      case 'get-and-touch':
      case 'lookup':
      case 'metadebug':
      case 'get-many':
      case 'gets-many':
      case 'touch':
      case 'renew':
        return true;
      default:
        return false;
    }
  }

  /** Makes it new again for another try, on another connection or server. */
  renew(): void {
    this.settled = false;
    this.retried = true;
    this.progress = 'new';
    this.items = 0;
    this.gathered = undefined;
  }

  succeed(result: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.resolve(result);
  }

  /** Whether one of its expiration times is one on the clock of the server. */
  get namesTimeOfDay(): boolean {
    const { exptime, leaseExptime, details } = this;
    return exptime > LONG_PAST || leaseExptime > LONG_PAST || details.recacheExptime > LONG_PAST;
  }

  /** Whether its token was counted in another life. One with a witness is compared with what is looked at first. */
  isOfAnotherLife(here: { readonly life: string; readonly dialect: string }): boolean {
    if (this.details.life === '' || this.details.life === here.life) return false;
    return this.details.witness === '' || here.dialect !== 'classic';
  }

  /** Settles it unsent, as if the item had changed: the life its cas token belongs to is over. */
  lose(): void {
    this.succeed(this.kind === 'cas' ? 'exists' : false);
  }

  fail(error: MemcachedError | Error): void {
    if (this.settled) return;
    this.settled = true;
    if (this.inClassic !== undefined && error instanceof UnsupportedError)
      this.resolve(this.inClassic.insteadOf(this));
    else this.reject(error);
  }

  /** Another request for the same key, within the same limits. */
  sibling(kind: RequestKind, read: ReplyReader): Request {
    const other = new Request(kind, this.key, read);
    if (this.details.binaryKey) other.ownDetails().binaryKey = true;
    if (this.details.isStrict) other.ownDetails().isStrict = true;
    other.keyIsChecked = this.keyIsChecked;
    other.userKey = this.userKey;
    other.routingKey = this.routingKey;
    other.owed = this.owed;
    other.missResult = this.missResult;
    if (this.details.signal !== undefined) other.ownDetails().signal = this.details.signal;
    other.timeoutMs = this.timeoutMs;
    return other;
  }

  /** Its details, made where it had none. */
  ownDetails(): Details {
    if (this.details === NO_DETAILS) this.details = new Details();
    return this.details;
  }
}

/** What only few requests say. They are most of the fields, and a request is what every command makes. */
class Details {
  /** Whether the key is base64 text for bytes that memcached does not take in a key (meta flag `b`). */
  binaryKey = false;
  /** The keys of a many-key read, one character per byte. */
  keys: readonly string[] | undefined = undefined;
  /** Whole seconds by which the clock of the server that it is written to is ahead of this process's. */
  aheadSeconds = 0;
  /** Digits of the cas token that must match, or `''`. */
  cas = '';
  /** The life in which that token means something, `''` for any: the request is sent in no other. */
  life = '';
  /** What else that item must be, `''` for nothing: where restarts are hidden, equal digits do not make it the same. */
  witness = '';
  /** The amount of `incr`, `decr` and `count`, in decimal digits. */
  delta = '1';
  /** What a missing counter is created with, in decimal digits; `''` for not at all. */
  initial = '';
  /** `R`: one reader of what ends before that, as memcached counts it, wins the right to refresh; 0 for none. */
  recacheExptime = 0;
  /** Whether a read with a lease asks for everything but the value. */
  withoutValue = false;
  /** The keys of a many-key read as the user wrote them. */
  userKeys: readonly string[] | undefined = undefined;
  /** Whether only its server's own answer will do, also where failover `miss` would answer while that is away. */
  isStrict = false;
  /** Ends the request when it is aborted. */
  signal: AbortSignal | undefined = undefined;
  /** Kept once the codec has made the data block; `undefined` where it was quick. */
  encoding: Promise<void> | undefined = undefined;
}

/** Those of all the others. */
const NO_DETAILS = Object.freeze(new Details());

/** What a request asks for; each dialect writes it in its own way. */
export type RequestKind =
  | 'get'
  | 'gets'
  | 'get-and-touch'
  | 'lease-get'
  | 'lookup'
  | 'metadebug'
  | 'get-many'
  | 'gets-many'
  | 'set'
  | 'add'
  | 'replace'
  | 'append'
  | 'prepend'
  | 'cas'
  | 'delete'
  | 'mark-stale'
  | 'touch'
  | 'renew'
  | 'incr'
  | 'decr'
  | 'count'
  | 'line';

/**
 * Turns the last reply to a request into its result; of replies that are followed by `more` it gathers what it needs in
 * the request.
 *
 * Throws a `ProtocolError` for a reply that cannot belong to the request; any other error is the request's alone.
 */
export type ReplyReader = (reply: Reply, request: Request) => unknown;

/**
 * Stands for the caller of a read, whose promise is never rejected: what this returns is what it resolves with. So whoever
 * makes many reads needs no function for each.
 */
export interface Asker {
  /** What was found is not to be handed to the caller as it is. */
  found(read: unknown): unknown;
  failed(error: unknown): unknown;
}

/** Stands before the promise of a request, once there is one, and hears what comes of it first. */
export interface Watch {
  attach(): void;
  resolved(result: unknown): void;
  rejected(error: unknown): void;
}

/** What carries requests, as far as those who tell of them want to know. */
interface Carrier {
  readonly server: { readonly id: string };
  readonly peer: Peer | undefined;
}

/** The other end of a connection, as the network knows it. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Knows what to send in place of a request that a server does not understand in the classic dialect. */
export interface ClassicForm {
  /** Does what the request asks for by other commands, within its limits. */
  insteadOf(request: Request): Promise<unknown>;
}

/** How far a request has come; decides what its failure may have changed on the server. */
export type RequestProgress = 'new' | 'written';

/** The error of a reader that meets a status its request cannot have. */
export function unexpectedReply(reply: Reply, request: Request): ProtocolError {
  return new ProtocolError(`${request.label}: answered by '${reply.status}', which is no answer to it`);
}
