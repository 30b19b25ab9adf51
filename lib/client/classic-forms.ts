import { LONG_PAST, MAX_RELATIVE_SECONDS } from '../protocol/exptime.js';
import type { ClassicForm, ReplyReader, Request } from '../protocol/request.js';
import { FLAGS_LEASE_STUB } from './codec/flags.js';
import type { Dispatcher } from './dispatcher.js';
import { stubNonce, stubToken } from './item-token.js';
import {
  mayBeMetaStub,
  NO_LEASE,
  readCasResult,
  readCounter,
  readDone,
  readPresence,
  readWitnessed,
  type CountRead,
  type WitnessedToken,
} from './readers.js';
import type { CasResult, LeaseRead } from './results.js';
import { unixMs } from '../unix-time.js';

/** Tries to read what is there, and to become the one who fills it; then somebody else has, or has come and gone. */
const LEASE_ATTEMPTS = 3;

/** What takes one command in the meta dialect and several, or another, in the classic one; within the limits of the first. */
export class ClassicForms implements ClassicForm {
  readonly #dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  insteadOf(request: Request): Promise<unknown> {
    const { timeoutMs } = request;
    const { signal } = request.details;
    const send = this.#dispatcher.within({ timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) });
    switch (request.kind) {
      case 'get-and-touch':
        return touchValue(request, send);
      case 'touch':
        return touchValue(request, send).then((value) => value !== undefined);
      case 'cas':
        return storeWitnessed(request, request.data!, send);
      case 'lease-get':
        return answerAsker(request, leaseGet(request, send));
      case 'count':
        return count(request, send);
      case 'mark-stale':
      case 'delete':
        return request.details.cas === '' ? send(request.sibling('delete', readDone)) : expire(request, send);
      default:
        throw new TypeError(`${request.kind} has no classic form`);
    }
  }
}

/** What comes of a read, by way of its asker where it has one. */
function answerAsker({ asker }: Request, read: Promise<unknown>): Promise<unknown> {
  if (asker === undefined) return read;
  return read.then(
    (found) => asker.found(found),
    (error) => asker.failed(error),
  );
}

type Send = (part: Request) => Promise<unknown>;

/** Reads first: a stub, which stands for somebody's lease, keeps its time, and so does what may be one. */
async function touchValue(request: Request, send: Send): Promise<unknown> {
  const readValue = request.kind === 'touch' ? readPresence : request.read;
  let keepsTime = false;
  const read: ReplyReader = (reply, look) => {
    if (reply.status === 'value' && mayBeMetaStub(reply)) keepsTime = true;
    return readValue(reply, look);
  };
  const value = await send(request.sibling('get', read));
  if (value === undefined || keepsTime) return value;
  const touch = request.sibling('renew', readDone);
  touch.exptime = request.exptime;
  return (await send(touch)) === true ? value : undefined;
}

/** Counts; the time left is only known of a counter that has just been created. */
async function count(request: Request, send: Send): Promise<CountRead | undefined> {
  const incr = async (): Promise<CountRead | undefined> => {
    const step = request.sibling('incr', readCounter);
    step.ownDetails().delta = request.details.delta;
    const digits = (await send(step)) as string | undefined;
    return digits === undefined ? undefined : { digits, ttl: undefined };
  };
  const counted = await incr();
  if (counted !== undefined || request.details.initial === '') return counted;
  const add = request.sibling('add', readDone);
  add.data = request.details.initial;
  add.exptime = request.exptime;
  if ((await send(add)) !== true) return incr();
  const { exptime } = request;
  const seconds = exptime > MAX_RELATIVE_SECONDS ? exptime - Math.ceil(unixMs() / 1000) : exptime;
  return { digits: request.details.initial, ttl: exptime === 0 ? undefined : seconds * 1000 };
}

/**
 * Stores by a token that has a witness. A proxy hides the restart of a server behind it, after which an unrelated item may
 * have the same digits: so what is there is looked at first, and the server compares the digits of that look.
 */
async function storeWitnessed(request: Request, data: Buffer | string, send: Send): Promise<CasResult> {
  const there = (await send(request.sibling('gets', readWitnessed))) as WitnessedToken | undefined;
  if (there === undefined) return 'not-found';
  const { cas, life, witness } = request.details;
  if (there.token !== cas + life + witness) return 'exists';
  // A server without tokens (`-C`) compares none: the witness of a stub has to do.
  const store = request.sibling(there.digits === '0' && cas !== '0' ? 'replace' : 'cas', readCasResult);
  store.ownDetails().cas = store.kind === 'cas' ? there.digits : '';
  store.ownDetails().life = there.life;
  store.exptime = request.exptime;
  store.exptimeInClassic = request.exptimeInClassic;
  store.flags = request.flags;
  store.data = data;
  // `false` says that the life in which it was looked at is over.
  return ((await send(store)) as CasResult | false) || 'exists';
}

/** Deletes by cas token where only storing can be tied to one: stores nothing, expired already. */
async function expire(request: Request, send: Send): Promise<boolean> {
  request.exptime = LONG_PAST;
  if (request.details.witness !== '') return (await storeWitnessed(request, '', send)) === 'stored';
  const store = request.sibling('cas', readCasResult);
  store.ownDetails().cas = request.details.cas;
  store.ownDetails().life = request.details.life;
  store.exptime = LONG_PAST;
  store.data = '';
  return (await send(store)) === 'stored';
}

/**
 * A read with a lease, from commands that know none: who adds the stub has the lease, and the stub's nonce ties the later
 * store to it, so that a delete in between voids it, as in the meta dialect.
 */
async function leaseGet(request: Request, send: Send): Promise<LeaseRead<unknown>> {
  const gets = (): Promise<LeaseRead<unknown>> => {
    const look = request.sibling('gets', request.read);
    look.ownDetails().withoutValue = request.details.withoutValue;
    return send(look) as Promise<LeaseRead<unknown>>;
  };
  let read = await gets();
  if (request.leaseExptime === 0) return read;
  for (let attempt = 0; attempt < LEASE_ATTEMPTS && isMiss(read); attempt += 1) {
    const stub = request.sibling('add', readDone);
    const nonce = stubNonce();
    stub.exptime = request.leaseExptime;
    stub.data = nonce;
    stub.flags = FLAGS_LEASE_STUB;
    if ((await send(stub)) === true) return { ...NO_LEASE, cas: stubToken(nonce), won: true };
    read = await gets();
  }
  return isMiss(read) ? { ...NO_LEASE, busy: true } : read;
}

/** Nothing is there, not even somebody's lease. */
function isMiss(read: LeaseRead<unknown>): boolean {
  return !read.hit && !read.busy;
}
