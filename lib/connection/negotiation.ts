import { ServerError, UnsupportedError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { Credentials, ServerAddress } from '../options/server-options.js';
import type { Reply } from '../protocol/reply.js';
import { Request, type ReplyReader } from '../protocol/request.js';
import { readStats } from '../protocol/stats-reader.js';
import { ServerClock } from './server-clock.js';
import { connectionLife, serverLife, witnessedLife } from './server-life.js';
import { ServerVersion } from './server-version.js';

/** The dialect of memcached's protocol spoken on a connection. */
export type Dialect = 'meta' | 'classic';

/** The version since which `ms` names its length as now, and success is `HD`; the meta commands before had other forms. */
const META_SINCE = [1, 6, 10] as const;

/** Of a peer that is there and does not say. */
const UNKNOWN_VERSION = 'unknown';

/** What both sides have agreed on at connect. */
export interface Agreement {
  readonly dialect: Dialect;
  readonly version: ServerVersion;
  /** The life that cas tokens read here belong to: the server's, or the connection's where that is not known. */
  readonly life: string;
  /** Whether items have cas tokens; false on a server that was started without (`-C`), as far as it tells. */
  readonly hasCas: boolean;
  /** The server's clock, where it tells the time. */
  readonly clock: ServerClock;
  /** What `stats settings` told, where it was asked and answered. */
  readonly settings?: ReadonlyMap<string, string>;
}

/** What holds until something has been agreed on. */
export const NOT_AGREED: Agreement = {
  dialect: 'meta',
  version: new ServerVersion(''),
  life: '',
  hasCas: true,
  clock: new ServerClock(),
};

/** The same, for another connection to the peer of a classic one. */
export function asBefore(agreement: Agreement): Agreement {
  return { ...agreement, life: witnessedLife() };
}

/** Sends one line (with whatever follows it) and resolves with its last reply. */
export type Ask = (request: Request) => Promise<unknown>;

/**
 * The first words on a new connection: version, authentication where the server asks for it, dialect, the server's life.
 *
 * `mn` comes last, since twemproxy closes the connection on it: the caller then comes back with `classic`. `stats` and
 * `stats settings` go with it in one write, and cost no round trip; they are not asked in the classic dialect, since they end a connection to
 * twemproxy as well.
 *
 * @param onStep called before `mn`, and when that is answered.
 * @throws {ServerError} when the server refuses; the message never carries the credentials.
 * @throws {ProtocolError} when the peer is no memcached.
 */
export async function negotiate(
  server: ServerAddress,
  protocol: ResolvedClientOptions['protocol'],
  ask: Ask,
  onStep: (step: 'asks for meta' | 'has meta') => void,
): Promise<Agreement> {
  try {
    const version = new ServerVersion(await askVersion(server, protocol, ask));
    const speaksMeta = version.atLeast(...META_SINCE);
    if (protocol === 'classic' || (protocol === 'auto' && !speaksMeta)) {
      return { dialect: 'classic', version, life: witnessedLife(), hasCas: true, clock: new ServerClock() };
    }
    if (!speaksMeta) throw tooOld(server, version);
    onStep('asks for meta');
    const [, stats, settings] = await Promise.all([
      ask(line('mn', readDone)).then(() => onStep('has meta')),
      askStats('stats', ask),
      askStats('stats settings', ask),
    ]);
    return {
      dialect: 'meta',
      version,
      life: serverLife(server.id, stats) ?? connectionLife(),
      clock: new ServerClock(stats),
      hasCas: settings?.get('cas_enabled') !== 'no',
      ...(settings === undefined ? {} : { settings }),
    };
  } catch (error) {
    throw error instanceof ServerError ? explainRefusal(server.id, error) : error;
  }
}

/**
 * Asks for the version, and once more after authentication if the server wants that first. A server that wants none never
 * sees the credentials: it would store them as a value for all to read.
 */
async function askVersion(
  server: ServerAddress,
  protocol: ResolvedClientOptions['protocol'],
  ask: Ask,
): Promise<string> {
  try {
    return (await ask(line('version', readVersion))) as string;
  } catch (error) {
    const { credentials } = server;
    if (!(error instanceof ServerError)) throw error;
    if (protocol !== 'meta' && isBackendAway(error)) return UNKNOWN_VERSION;
    if (credentials === undefined || !wantsAuthentication(error)) throw error;
    await ask(authentication(credentials));
    return (await ask(line('version', readVersion))) as string;
  }
}

/** @returns `undefined` from a server that has none to show. */
async function askStats(group: string, ask: Ask): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return (await ask(line(group, readStats))) as ReadonlyMap<string, string>;
  } catch {
    return undefined; // if the connection has ended, `mn` has failed as well
  }
}

/** @see memcached doc/protocol.txt, "Authentication" */
function authentication({ payload }: Credentials): Request {
  const block = Buffer.from(payload, 'utf8');
  const request = line(`set auth 0 0 ${block.length}`, readDone);
  request.data = block;
  return request;
}

function tooOld(server: ServerAddress, version: ServerVersion): UnsupportedError {
  return new UnsupportedError(
    `${server.id} is version ${version.text}, and the meta dialect is spoken from ${META_SINCE.join('.')} on: ` +
      `set the option protocol to 'auto' or 'classic'`,
  );
}

function line(text: string, read: ReplyReader): Request {
  return new Request('line', text, read);
}

function readVersion(reply: Reply): string {
  return reply.text.slice('VERSION '.length).trim() || UNKNOWN_VERSION;
}

/** Pairing has seen to it that the reply is an answer to the command, so there is nothing more to read in it. */
function readDone(): true {
  return true;
}

/** twemproxy asks one of its servers for the version, and says so when that one is away: the others may be well. */
export function isBackendAway(error: unknown): boolean {
  return error instanceof ServerError && error.reply.startsWith('SERVER_ERROR');
}

/** A server's last word on a connection more than it takes. */
export function isOutOfConnections(error: ServerError): boolean {
  return error.reply.includes('Too many open connections');
}

function wantsAuthentication(error: ServerError): boolean {
  return error.reply.includes('unauthenticated');
}

/** What an error line in the negotiation means for the user. */
export function explainRefusal(server: string, error: ServerError): ServerError {
  return new ServerError(`${server} ${meaning(error)}`, server, error.reply);
}

function meaning(error: ServerError): string {
  if (wantsAuthentication(error)) return 'asks for a username and password, and the options name none';
  if (error.reply.includes('authentication failure'))
    return 'refuses the username and password of the options';
  if (isOutOfConnections(error)) return "has no connection left (raise memcached's -c)";
  return `refuses the connection: ${error.reply}`;
}
