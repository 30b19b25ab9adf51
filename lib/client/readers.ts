import { CodecError } from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import { latin1 } from '../protocol/reply-fields.js';
import { unexpectedReply, type ReplyReader, type Request, type RequestKind } from '../protocol/request.js';
import {
  andThen,
  handled,
  inPlace,
  isThenable,
  NOT_PLAIN,
  type Codec,
  type InPlaceCodec,
} from './codec/codec.js';
import { FLAGS_LEASE_STUB } from './codec/flags.js';
import { isClassicStub, tokenOf } from './item-token.js';
import type { LeaseRepairs } from './lease-repairs.js';
import type { CasResult, LeaseAsker, LeaseRead, Lookup, ValueWithCas } from './results.js';

/**
 * How the replies to every kind of request become results, for both dialects.
 *
 * A meta reply to a read is one line; a classic one is a list of at most one item, closed by `END`. A codec may answer
 * with a promise; results hold it until the caller's own promise takes it over, and handle it themselves in case none does.
 */
export class Readers {
  readonly codec: Codec;
  readonly #codec: InPlaceCodec;
  readonly #repairs: LeaseRepairs;

  constructor(codec: Codec, repairs: LeaseRepairs) {
    this.codec = codec;
    this.#repairs = repairs;
    this.#codec = inPlace(codec);
  }

  readonly value: ReplyReader = (reply, request) => {
    if (reply.status === 'value') {
      if (!reply.more) return this.#isNothing(reply, request) ? undefined : this.#decode(reply, request);
      checkKey(reply, request);
      if (!isStub(reply)) request.gathered = { value: this.#decode(reply, request) };
      return undefined;
    }
    if (reply.status === 'end') return (request.gathered as { value: unknown } | undefined)?.value;
    return missOrUnexpected(reply, request);
  };

  readonly valueWithCas: ReplyReader = (reply, request) => {
    if (reply.status === 'value') {
      // A right that came with it is not given back, which would void the token: who reads like this is about to store.
      if (!reply.more) return isStub(reply) ? undefined : this.#withCas(reply, request);
      checkKey(reply, request);
      if (!isStub(reply)) request.gathered = this.#withCas(reply, request);
      return undefined;
    }
    if (reply.status === 'end') return request.gathered;
    return missOrUnexpected(reply, request);
  };

  /** In the classic dialect the answer to `gets`: a stub is somebody's lease. */
  readonly lease: ReplyReader = (reply, request) => {
    const { status } = reply;
    if (status === 'value') {
      if (request.asker !== undefined) return this.#answer(reply, request, request.asker as LeaseAsker);
      const read = this.#lease(reply, request);
      if (!reply.more) return read;
      checkKey(reply, request);
      request.gathered = read;
      return undefined;
    }
    if (status === 'end') return request.gathered ?? NO_LEASE;
    if (status === 'not-found') return request.asker?.found(NO_LEASE) ?? NO_LEASE;
    if (status === 'ok' && request.details.withoutValue) {
      const { won, busy, stale } = reply;
      return {
        hit: !isTouchedStub(reply),
        value: undefined,
        cas: tokenOf(reply),
        ttl: ttlOf(reply),
        won,
        busy,
        stale,
      };
    }
    throw unexpectedReply(reply, request);
  };

  readonly lookup: ReplyReader = (reply, request) => {
    if (reply.status === 'not-found') return NOTHING_THERE;
    if (reply.status !== 'value') throw unexpectedReply(reply, request);
    if (this.#isNothing(reply, request)) return NOTHING_THERE;
    const { stale, size, lastAccessSeconds, hitBefore, flags } = reply;
    const cas = tokenOf(reply);
    const ttl = ttlOf(reply);
    const state = { hit: true, cas, ttl, stale, size, lastAccessSeconds, hitBefore, flags } as const;
    return andThen(this.#decode(reply, request), (value): Lookup<unknown> => ({ ...state, value }));
  };

  /** Of a value that has been given another ttl, in the classic dialect of one that is yet to be: a stub keeps its own. */
  readonly touchedValue: ReplyReader = (reply, request) => {
    const isTouched = reply.status === 'value' && !reply.more;
    if (isTouched && isStub(reply)) this.#repairs.restore(request, reply.ttlSeconds);
    return this.value(reply, request);
  };

  /** Likewise, where the value was not asked for. */
  readonly touched: ReplyReader = (reply, request) => {
    const done = readDone(reply, request);
    if (reply.won) this.#repairs.giveBack(request);
    if (done !== true || !isTouchedStub(reply)) return done;
    this.#repairs.restore(request, reply.ttlSeconds);
    return false;
  };

  /** Of a stub that lives on: a value that has come in its place keeps its ttl. */
  readonly renewed: ReplyReader = (reply, request) => {
    const done = readDone(reply, request);
    if (reply.won) this.#repairs.giveBack(request);
    if (done !== true || reply.opaque < 0 || isTouchedStub(reply)) return done;
    this.#repairs.restore(request, reply.ttlSeconds);
    return false;
  };

  /** How the replies to a kind of request are read. */
  of(kind: RequestKind): ReplyReader {
    switch (kind) {
      case 'get':
        return this.value;
      case 'set':
        return readDone;
      case 'get-and-touch':
        return this.touchedValue;
      case 'touch':
        return this.touched;
      case 'renew':
        return this.renewed;
      case 'gets':
        return this.valueWithCas;
      case 'lease-get':
        return this.lease;
      case 'lookup':
        return this.lookup;
      case 'metadebug':
        return readMetadebug;
      case 'incr':
      case 'decr':
        return readCounter;
      case 'count':
        return readCount;
      case 'cas':
        return readCasResult;
      default:
        return readDone;
    }
  }

  /** Whether there is no value. A right to refresh that came with the reply, unasked for, is given back. */
  #isNothing(reply: Reply, request: Request): boolean {
    if (reply.won) this.#repairs.giveBack(request);
    return isStub(reply);
  }

  /** What an asker gets in the meta dialect: the value itself where that says it all. */
  #answer(reply: Reply, request: Request, asker: LeaseAsker): unknown {
    // Whoever has given up asks what became of the lease, and gives it back.
    if (request.settled) return undefined;
    const { won, busy, stale, ttlSeconds } = reply;
    const isPlain = !(won || busy || stale || (ttlSeconds >= 0 && ttlSeconds <= asker.policy.graceSeconds));
    let value: unknown = NOT_PLAIN;
    if (isPlain && !asker.wantsAll && this.#codec.plainAt !== undefined) {
      const { bytes, valueStart, valueEnd, flags } = reply;
      value = this.#codec.plainAt(bytes, valueStart, valueEnd, flags, request.routingKey);
      if (value !== NOT_PLAIN && !(value instanceof Promise)) return value;
    }
    const read = this.#lease(reply, request, value instanceof Promise ? value : undefined);
    return andThen(read, (found) => asker.found(found));
  }

  #lease(
    reply: Reply,
    request: Request,
    decoding?: Promise<unknown>,
  ): LeaseRead<unknown> | Promise<LeaseRead<unknown>> {
    const { won, stale } = reply;
    const ttl = ttlOf(reply);
    const { withoutValue } = request.details;
    // A token for now and here needs no witness of the bytes.
    const cas = tokenOf(reply, !withoutValue || isClassicStub(reply));
    // Zero bytes with flags 0 is taken for a stub, which it is unless another client has stored it.
    const hit = !isStub(reply) && !mayBeMetaStub(reply);
    const busy = reply.busy || (!hit && (reply.more || isClassicStub(reply)));
    const value = hit && !withoutValue ? (decoding ?? this.#decode(reply, request)) : undefined;
    if (!(value instanceof Promise)) return { hit, value, cas, ttl, won, busy, stale };
    return andThen(value, (decoded) => ({ hit, value: decoded, cas, ttl, won, busy, stale }));
  }

  #decode(reply: Reply, request: Request): unknown {
    request.receivedBytes += reply.valueLength;
    try {
      const { bytes, valueStart, valueEnd, flags } = reply;
      const value = this.#codec.decodeAt(bytes, valueStart, valueEnd, flags, request.routingKey);
      if (typeof value !== 'object' || !isThenable(value)) return value;
      const { label } = request;
      return handled(Promise.resolve(value).catch((error: unknown) => raiseNamed(error, label)));
    } catch (error) {
      return raiseNamed(error, request.label);
    }
  }

  #withCas(reply: Reply, request: Request): unknown {
    const cas = tokenOf(reply);
    return andThen(this.#decode(reply, request), (value): ValueWithCas<unknown> => ({ value, cas }));
  }
}

/**
 * Whether an item only stands for somebody's lease: made by memcached for `N`, which says so (`W`, `Z`), or by us in the
 * classic dialect. An empty value of another client with flags 0 is neither.
 */
function isStub(reply: Reply): boolean {
  if (reply.valueLength > 0) return reply.flags === FLAGS_LEASE_STUB && isClassicStub(reply);
  return (reply.flags === 0 && (reply.won || reply.busy)) || isClassicStub(reply);
}

/** The same of an item whose bytes were not asked for. */
function isTouchedStub(reply: Reply): boolean {
  return isClassicStub(reply) || (reply.size === 0 && reply.flags === 0 && (reply.won || reply.busy));
}

/** A counter as it is read. */
export interface CountRead {
  readonly digits: string;
  readonly ttl: number | undefined;
}

/** What a lease read without a lease finds on a miss. */
export const NO_LEASE: LeaseRead<never> = Object.freeze({
  hit: false,
  value: undefined,
  cas: '0',
  ttl: undefined,
  won: false,
  busy: false,
  stale: false,
});

/** `true` when the command took effect, `false` when the item's absence or presence forbade it. */
export const readDone: ReplyReader = (reply, request) => {
  switch (reply.status) {
    case 'ok':
      return true;
    case 'not-stored':
    case 'not-found':
    case 'exists':
      return false;
    default:
      throw unexpectedReply(reply, request);
  }
};

/**
 * `true` when the classic dialect has a value to show, which is not read; `undefined` on a miss, and for what may be the stub
 * of a lease taken in the meta dialect.
 */
export const readPresence: ReplyReader = (reply, request) => {
  if (reply.status === 'end') return request.gathered;
  if (reply.status !== 'value') throw unexpectedReply(reply, request);
  if (!isStub(reply) && !mayBeMetaStub(reply)) request.gathered = true;
  return undefined;
};

/** Whether an item looks like the stub of a lease taken in the meta dialect, which is told as such in that one alone. */
export function mayBeMetaStub(reply: Reply): boolean {
  return reply.valueLength === 0 && reply.flags === 0;
}

export const readCasResult: ReplyReader = (reply, request): CasResult => {
  switch (reply.status) {
    case 'ok':
      return 'stored';
    case 'exists':
      return 'exists';
    case 'not-found':
    case 'not-stored':
      return 'not-found';
    default:
      throw unexpectedReply(reply, request);
  }
};

/** The token of what is there, the digits with which the server compares, and the life in which those are counted. */
export interface WitnessedToken {
  readonly token: string;
  readonly digits: string;
  readonly life: string;
}

/** The token of what is there, `undefined` on a miss. */
export const readWitnessed: ReplyReader = (reply, request) => {
  if (reply.status === 'value') {
    checkKey(reply, request);
    request.gathered = {
      token: tokenOf(reply),
      digits: reply.cas,
      life: reply.life,
    } satisfies WitnessedToken;
    return undefined;
  }
  if (reply.status === 'end') return request.gathered;
  throw unexpectedReply(reply, request);
};

/** The counter's new value in decimal digits, or `undefined` when there is no counter. */
export const readCounter: ReplyReader = (reply, request) => {
  switch (reply.status) {
    case 'value':
      return digitsOf(reply);
    case 'number':
      return reply.text;
    case 'not-found':
    case 'not-stored':
      return undefined;
    default:
      throw unexpectedReply(reply, request);
  }
};

/** The counter's digits and the time it has left. */
const readCount: ReplyReader = (reply, request): CountRead | undefined => {
  if (reply.status === 'not-found' || reply.status === 'not-stored') return undefined;
  if (reply.status !== 'value') throw unexpectedReply(reply, request);
  return { digits: digitsOf(reply), ttl: ttlOf(reply) };
};

/** What a counter is, without the blanks that fill it up where `decr` has made it shorter. */
function digitsOf({ bytes, valueStart, valueEnd }: Reply): string {
  return latin1(bytes, valueStart, valueEnd).trimEnd();
}

/** The milliseconds that an item has left; undefined when it never expires. */
function ttlOf({ ttlSeconds }: Reply): number | undefined {
  return ttlSeconds < 0 ? undefined : ttlSeconds * 1000;
}

/** What `lookup` answers on a miss. */
export const NOTHING_THERE: Lookup<never> = Object.freeze({ hit: false });

/** `ME key name=value …`; `undefined` on a miss. */
const readMetadebug: ReplyReader = (reply, request) => {
  if (reply.status !== 'line') return missOrUnexpected(reply, request);
  const pairs = reply.text.split(' ').slice(2);
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
};

/** The line of a reply that is one line of text. */
export const readLine: ReplyReader = (reply, request) => {
  if (reply.status === 'line' || reply.status === 'version') return reply.text;
  return missOrUnexpected(reply, request);
};

/** A classic item must be one that was asked for. */
function checkKey(reply: Reply, request: Request): void {
  if (!reply.names(request.key)) throw unexpectedReply(reply, request);
}

function missOrUnexpected(reply: Reply, request: Request): undefined {
  if (reply.status === 'not-found') return undefined;
  throw unexpectedReply(reply, request);
}

/** Throws what a codec threw, told with the request it happened to; a codec of the user may throw anything. */
export function raiseNamed(error: unknown, label: string): never {
  const problem = error instanceof CodecError ? error.message : 'the codec failed';
  throw new CodecError(`${label}: ${problem}`, { cause: error });
}
