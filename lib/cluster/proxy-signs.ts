import type { Connection } from '../connection/connection.js';
import type { ConnectionSettings } from '../connection/connection-settings.js';
import { asBefore, type Agreement } from '../connection/negotiation.js';
import { ConnectionError, ServerError, UnsupportedError, type MemcachedError } from '../errors.js';
import type { ClientSettings } from '../options/client-options.js';
import type { Reply } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import { performance } from '../timers.js';

/** How long what hung up on a command for servers is taken for a proxy. */
const HUNG_UP_MS = 10 * 60 * 1000;

/** For so long after the last refusal, keys are asked for one by one. */
const ONE_BY_ONE_MS = 10 * 1000;

/** twemproxy hangs up as soon as it has refused a line of many keys; what comes later has another reason. */
const HANGS_UP_WITHIN_MS = 1000;

/** What is known of the peer of a node that only proxies do. Each is forgotten again, since a server may take its place. */
export class ProxySigns {
  /** Whether there has been any. Of most servers there never is, and every request asks. */
  any = false;
  /** Connections in a row that ended over the question for the meta dialect. A server that restarts does it once. */
  #refusals = 0;
  /** A proxy hangs up on that question: the next connection speaks classic. Asked again after that one. */
  #classicNext = false;
  /** The present connection leads to such a proxy. */
  #proxied = false;
  /** When it last hung up on a command that proxies hang up on. */
  #hungUpAt = Number.NEGATIVE_INFINITY;
  /** The last refusal of a line of many keys, or of a single one soon after. */
  #refusal: { readonly reply: string; readonly at: number } | undefined;
  /** The connection that refused a line last, and when. */
  #refusing: { readonly connection: Connection; readonly at: number } | undefined;
  /** What the connection spoke that hung up over a line, if that was the last to end. */
  #spoken: Agreement | undefined;
  /** The present connection speaks that, without having been asked. */
  #unasked = false;

  /** Whether it hangs up on what only servers know; a server that restarts at that moment is asked again some time later. */
  get isProxy(): boolean {
    return this.#proxied || performance.now() - this.#hungUpAt < HUNG_UP_MS;
  }

  /** Whether the present connection has taken its dialect over from the one before, and the reason for that is gone. */
  get isToBeAsked(): boolean {
    return this.#unasked && this.#reply() === undefined;
  }

  /**
   * What a request is refused with before it is sent, since a proxy would hang up over it, on everybody: over a command for
   * servers, and as twemproxy does over one for many keys, all of which it refuses for the sake of one server that is away.
   */
  refusal(request: Request, server: string): MemcachedError | undefined {
    if (isForServers(request)) return this.isProxy ? proxyError(request.label, server) : undefined;
    return isForMany(request) ? this.#refusalOfMany(request, server) : undefined;
  }

  #refusalOfMany(request: Request, server: string): MemcachedError | undefined {
    const reply = this.#reply();
    if (reply === undefined) return undefined;
    return new ServerError(`${request.label} on ${server}: ${reply}`, server, reply);
  }

  /** How the next connection begins, which is opened now. */
  opening(protocol: ClientSettings['protocol']): Pick<ConnectionSettings, 'protocol' | 'agreed'> {
    const spoken = this.#justRefused() ? this.#spoken : undefined;
    this.#spoken = undefined;
    this.#unasked = spoken !== undefined && protocol === 'auto';
    // `version` would be passed on to a server that may be the one that is away.
    if (spoken !== undefined) return { protocol, agreed: asBefore(spoken) };
    this.#proxied = this.#classicNext;
    this.#classicNext = false;
    return { protocol: this.#proxied ? 'classic' : protocol };
  }

  onReady({ dialect }: Connection): void {
    // A proxy that is known to be one is asked once for each of its connections, not twice.
    this.#refusals = dialect === 'meta' ? 0 : 1;
  }

  onRefusedMeta(): void {
    this.any = true;
    this.#refusals += 1;
    this.#classicNext = this.#refusals > 1;
  }

  /** A request was answered by an error line. */
  onRefused(connection: Connection, request: Request, reply: Reply): void {
    if (reply.status !== 'server-error') return;
    this.any = true;
    const ofMany = isForMany(request);
    const at = performance.now();
    if (ofMany) this.#refusing = { connection, at };
    if (ofMany || (request.repeatable && this.#reply() !== undefined))
      this.#refusal = { reply: reply.text, at };
  }

  /** A connection that was in use is over. */
  onClosed(connection: Connection, error: MemcachedError | undefined, lost: readonly Request[]): void {
    const { agreement, dialect, server } = connection;
    if (dialect !== 'classic') return;
    this.any = true;
    if (lost.some(isForServers)) this.#hungUpAt = performance.now();
    const hungUp = error instanceof ConnectionError && this.#refusing?.connection === connection;
    // Who has credentials may be asked for them.
    if (hungUp && server.credentials === undefined) this.#spoken = agreement;
  }

  #reply(): string | undefined {
    const refusal = this.#refusal;
    return refusal !== undefined && performance.now() - refusal.at < ONE_BY_ONE_MS
      ? refusal.reply
      : undefined;
  }

  #justRefused(): boolean {
    return this.#refusing !== undefined && performance.now() - this.#refusing.at < HANGS_UP_WITHIN_MS;
  }
}

/** Such a proxy would close the connection, and with it fail everybody else's requests. */
export function proxyError(label: string, server: string): UnsupportedError {
  return new UnsupportedError(
    `${label}: ${server} is a proxy that passes no such command on; ask the servers behind it`,
  );
}

/** Whether only servers know the command: `stats`, `flush_all` and the like, which proxies hang up on. */
function isForServers(request: Request): boolean {
  return request.kind === 'line' && request.key !== 'version';
}

/** Whether a proxy has to ask several servers for it. */
function isForMany({ details: { keys } }: Request): boolean {
  return keys !== undefined && keys.length > 1;
}
