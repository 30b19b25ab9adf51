import { EventEmitter } from 'node:events';
import type { Codec } from '../client/codec/codec.js';
import { createCodec } from '../client/codec/create-codec.js';
import {
  CasConflictError,
  CodecError,
  CommandTimeoutError,
  ConnectionError,
  InvalidArgumentError,
  InvalidOptionsError,
  OverloadError,
  ProtocolError,
  ServerError,
} from '../errors.js';
import { readCodec, type SealOptions } from '../options/codec-options.js';
import { type Duration, toTtlSeconds } from '../options/duration.js';
import { duration, oneOf, readObject, type Shape, text, withDefault } from '../options/schema.js';
import { callersNow } from './callers-time.js';
import { escapedFamily, OWN } from './own-keys.js';
import { mergedSession } from './session-changes.js';
import { SessionClasses } from './session-classes.js';
import { clientOf, type MemcachedSource, type SharedClient } from './shared-client.js';
import type { StoredSession } from './stored-session.js';
import type { StrictClient } from './strict-client.js';

/** Options of `MemcachedSessionStore`. */
export interface SessionStoreOptions {
  /**
   * Which sessions are this store's: `all`, `ids`, `length` and `clear` see those of one prefix. At most 100 bytes.
   *
   * @default 'session'
   */
  prefix?: string | undefined;

  /**
   * How long a session lives whose cookie has no end, from its last use; or a function that says so. At least a second.
   *
   * @default '1d'
   */
  ttl?: Duration | ((session: StoredSession, sid: string) => Duration) | undefined;

  /** Seals sessions on the servers, as `codec.seal` does values. Without it they are what the client's codec makes of text. */
  seal?: SealOptions | undefined;

  /**
   * What becomes of a request while the server of its session is away: it fails (`error`), or goes on with a session of its
   * own, which is not kept (`new-session`). What else fails, such as a session that cannot be stored, fails either way.
   *
   * @default 'error'
   */
  onStoreError?: 'error' | 'new-session' | undefined;
}

type Callback<Value = void> = (error: unknown, value?: Value) => void;

/** What is known of a session that was read: its text, and the state of its item. */
interface Held {
  json: string;
  /** Undefined once this store has written over it: the item has another token now. */
  cas: string | undefined;
}

/** Under this name what is held of a session goes with it where a framework copies its fields. JSON leaves it out. */
const HELD = '~memcached';

/** Writers of one session that get in each other's way; more than that is no longer chance. */
const MAX_ATTEMPTS = 64;

/** How often `clear` looks for sessions: more may be begun meanwhile, without end. */
const MAX_CLEARINGS = 5;

/** So much leaves room in a key for the id, and for the client's own prefix. */
const MAX_PREFIX_BYTES = 100;

/** What says that a server is away, or not well. */
const AWAY = [ConnectionError, CommandTimeoutError, ProtocolError, OverloadError, ServerError];

type SessionTtl = number | ((session: StoredSession, sid: string) => Duration);

const OPTIONS: Shape<{
  prefix: string;
  ttl: SessionTtl;
  seal: SealOptions | undefined;
  onStoreError: 'error' | 'new-session';
}> = {
  prefix: withDefault((value, path) => {
    const prefix = text()(value, path);
    const bytes = Buffer.byteLength(escapedFamily(prefix));
    if (bytes <= MAX_PREFIX_BYTES) return prefix;
    throw new InvalidOptionsError(path, `expected at most ${MAX_PREFIX_BYTES} bytes, got ${bytes}`);
  }, 'session'),
  ttl: (value, path) =>
    typeof value === 'function' ? (value as () => Duration) : duration(1000)(value ?? '1d', path),
  seal: (value) => value as SealOptions | undefined,
  onStoreError: withDefault(oneOf('error', 'new-session'), 'error'),
};

/**
 * Sessions on memcached, for express-session and `@fastify/session`.
 *
 * A session that was read is written only over what was read: one that was destroyed meanwhile, by a logout, stays
 * destroyed, and what another request has changed meanwhile is kept, field by field.
 *
 * @example
 * app.use(session({ store: new MemcachedSessionStore(app.get(MemcachedService)), secret, resave: false, saveUninitialized: false }));
 */
export class MemcachedSessionStore extends EventEmitter {
  /** Set by express-session on the store: puts a new session into a request. */
  generate: ((req: unknown) => void) | undefined;
  readonly #shared: SharedClient;
  readonly #client: StrictClient;
  readonly #codec: Codec;
  readonly #keys: string;
  readonly #ttl: SessionTtl;
  readonly #isStrict: boolean;
  readonly #held = new WeakMap<object, Held>();
  #classes: SessionClasses | undefined;

  /**
   * @param source the application's `MemcachedService` or client, which stays open; or options of the module, from which the
   *   store makes a service of its own, closed by `close`.
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  constructor(source: MemcachedSource, options: SessionStoreOptions = {}) {
    super();
    const { prefix, ttl, seal, onStoreError } = readObject(options, '', OPTIONS, "{ ttl: '1d' }");
    this.#shared = clientOf(source);
    this.#client = this.#shared.client;
    this.#codec = seal === undefined ? this.#client.codec : createCodec(readCodec({ seal }, ''));
    this.#keys = `${OWN}${escapedFamily(prefix)}:`;
    this.#ttl = ttl;
    this.#isStrict = onStoreError === 'error';
  }

  /** Reads a session; `null` where there is none. */
  get(sid: string, callback: Callback<never>): void {
    this.#settle(this.#read(sid), null, callback as Callback<StoredSession | null>);
  }

  /** Writes a session: a new one as it is, one that was read over what was read, and nothing where that was destroyed. */
  set(sid: string, session: object, callback?: Callback): void {
    this.#settle(this.#write(sid, session as StoredSession), undefined, callback);
  }

  /** Gives a session another time to live, and creates none; one request. */
  touch(sid: string, session: object, callback?: Callback): void {
    this.#settle(this.#prolong(sid, session as StoredSession), undefined, callback);
  }

  /** Destroys a session; where its server is away, before it is read from again. */
  destroy(sid: string, callback?: Callback): void {
    this.#settle(this.#remove(sid), undefined, callback);
  }

  /** All sessions, with their ids, in no order; for looking around, as `keys` of the client is. */
  all(callback: Callback<never>): void {
    this.#settle(this.#readAll(), [], callback as Callback<StoredSession[]>);
  }

  /** The ids of all sessions. */
  ids(callback: Callback<string[]>): void {
    this.#settle(this.#readIds(), [], callback);
  }

  /** The number of sessions. */
  length(callback: Callback<number>): void {
    const counting = this.#readIds().then(({ length }) => length);
    this.#settle(counting, 0, callback);
  }

  /** Destroys all sessions of this prefix, and nothing else. */
  clear(callback?: Callback): void {
    this.#settle(this.#removeAll(), undefined, callback);
  }

  /** What express-session asks of a store: another session for a request, in place of its own. */
  regenerate(req: never, callback: Callback): void {
    this.destroy((req as { sessionID: string }).sessionID, (error) => {
      this.generate?.(req);
      callback(error);
    });
  }

  /** Likewise: the session of an id, with its methods. */
  load(sid: string, callback: Callback<never>): void {
    this.get(sid, (error: unknown, session?: StoredSession | null) => {
      if (error !== null || !session) return callback(error ?? undefined);
      // Nobody's request: express-session, and what it is told to call, look at the headers.
      const req = { sessionID: sid, sessionStore: this, headers: {} };
      let loaded: never;
      try {
        loaded = this.createSession(req as never, session as never);
      } catch (problem) {
        return callback(problem);
      }
      callback(undefined, loaded);
    });
  }

  /** Likewise: makes a session of what was read, and puts it into a request. What is held of it goes with it unseen. */
  createSession(req: never, session: never): never {
    const { [HELD]: held, ...stored } = session as StoredSession;
    this.#classes ??= SessionClasses.of(req, this.generate);
    const made = this.#classes.make(req, stored);
    if (held !== undefined) this.#held.set(made, held as Held);
    return made as never;
  }

  /** Closes what the store has made for itself; a service or client that was given to it stays open. */
  close(): Promise<void> {
    return this.#shared.close();
  }

  /** Called by Nest where the store is a provider. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** What cannot be read (a key that was rotated away, bytes of somebody else) is no session. */
  async #read(sid: string): Promise<StoredSession | null> {
    try {
      const item = await this.#client.gets<string>(this.#keys + sid, { codec: this.#codec });
      const session = sessionOf(item?.value);
      if (item === undefined || session === null) return null;
      const held: Held & { toJSON(): undefined } = {
        json: item.value,
        cas: item.cas,
        toJSON: () => undefined,
      };
      return { ...session, [HELD]: held };
    } catch (error) {
      if (error instanceof CodecError) return null;
      throw error;
    }
  }

  async #write(sid: string, session: StoredSession): Promise<void> {
    const ttl = this.#ttlOf(sid, session);
    if (ttl === 0) return this.#remove(sid);
    const json = JSON.stringify(session);
    const held = this.#held.get(session) ?? (session[HELD] as Held | undefined);
    if (held !== undefined) {
      await this.#writeOver(sid, json, ttl, held);
      held.json = json;
      held.cas = undefined;
      return;
    }
    await this.#client.set(this.#keys + sid, json, { ttl, codec: this.#codec });
    this.#held.set(session, { json, cas: undefined });
  }

  /** Writes over what was read, or over what has taken its place with the changes of this request put into it. */
  async #writeOver(sid: string, json: string, ttl: number, held: Held): Promise<void> {
    const key = this.#keys + sid;
    const options = { ttl, codec: this.#codec };
    let [cas, mine] = [held.cas, json];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (cas !== undefined) {
        const result = await this.#client.cas(key, mine, cas, options);
        if (result !== 'exists') return; // stored; or destroyed meanwhile, and it stays so
        if (!this.#client.hasCas(key)) {
          await this.#client.replace(key, mine, options);
          return;
        }
      }
      const now = await this.#client.gets<string>(key, { codec: this.#codec });
      if (now === undefined) return;
      cas = now.cas;
      mine = mergedSession(held.json, json, now.value, callersNow());
      options.ttl = this.#ttlOf(sid, JSON.parse(mine) as StoredSession);
      if (options.ttl === 0) return this.#remove(sid);
    }
    throw new CasConflictError(
      `session: ${MAX_ATTEMPTS} attempts met a concurrent change`,
      key,
      MAX_ATTEMPTS,
    );
  }

  async #prolong(sid: string, session: StoredSession): Promise<void> {
    const ttl = this.#ttlOf(sid, session);
    if (ttl === 0) return this.#remove(sid);
    await this.#client.touch(this.#keys + sid, ttl);
  }

  async #remove(sid: string): Promise<void> {
    await this.#client.invalidateKey(this.#keys + sid);
  }

  async #readIds(): Promise<string[]> {
    const ids = new Set<string>();
    for await (const key of this.#client.keys()) {
      if (key.startsWith(this.#keys)) ids.add(key.slice(this.#keys.length));
    }
    return [...ids];
  }

  async #readAll(): Promise<StoredSession[]> {
    const ids = await this.#readIds();
    const found = await this.#client.getMany<string>(
      ids.map((sid) => this.#keys + sid),
      { codec: this.#codec },
    );
    return [...found].flatMap(([key, json]) => {
      const session = sessionOf(json);
      return session === null ? [] : [{ ...session, id: key.slice(this.#keys.length) }];
    });
  }

  /**
   * Looks again until nothing new is found: memcached before 1.6.19 may leave out what it moves meanwhile.
   *
   * @throws {InvalidArgumentError} for sessions that are there still: their ids are too long for keys, which bear a hash then.
   */
  async #removeAll(): Promise<void> {
    const removed = new Set<string>();
    let left = 0;
    for (let pass = 0; pass < MAX_CLEARINGS; pass += 1) {
      const ids = await this.#readIds();
      const found = ids.filter((sid) => !removed.has(sid));
      left = ids.length - found.length;
      if (found.length === 0) break;
      await Promise.all(found.map((sid) => this.#remove(sid)));
      for (const sid of found) removed.add(sid);
    }
    if (left === 0) return;
    throw new InvalidArgumentError(
      `clear: ${left} of the sessions could not be destroyed: their ids are too long for keys, or have blanks; give them shorter ones (genid)`,
    );
  }

  /** Milliseconds, at least a second: until the cookie's end, or as the option says where it has none. 0: it is over. */
  #ttlOf(sid: string, session: StoredSession): number {
    const expires = session.cookie?.expires;
    // `false` and `null` are no end, nor is what is no date.
    const end = expires ? new Date(expires).getTime() : Number.NaN;
    if (!Number.isNaN(end)) return end <= callersNow() ? 0 : Math.max(end - callersNow(), 1000);
    if (typeof this.#ttl === 'function') return toTtlSeconds(this.#ttl(session, sid)) * 1000;
    return this.#ttl;
  }

  /** Tells a callback what came of something; while a server is away, what there is without it, if that is wished. */
  #settle<Value>(work: Promise<Value>, without: Value, callback: Callback<Value> | undefined): void {
    const told = work.catch((error: unknown) => {
      if (this.#isStrict || !AWAY.some((kind) => error instanceof kind)) throw error;
      return without;
    });
    told.then(
      (value) => callback?.(null, value),
      (error: unknown) => callback?.(error),
    );
  }
}

/** The session in a text; `null` for what is none. */
function sessionOf(json: unknown): StoredSession | null {
  try {
    const session: unknown = JSON.parse(json as string);
    return typeof session === 'object' ? (session as StoredSession | null) : null;
  } catch {
    return null;
  }
}
