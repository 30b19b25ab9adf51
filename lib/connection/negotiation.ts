import { ProtocolError, ServerError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/client-options.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Reply } from '../protocol/reply.js';
import { Request, type ReplyReader } from '../protocol/request.js';
import { readStats } from '../protocol/stats-reader.js';
import { ServerVersion } from './server-version.js';

/** The dialect of memcached's protocol spoken on a connection. */
export type Dialect = 'meta' | 'classic';

/** What both sides have agreed on at connect. */
export interface Agreement {
  readonly dialect: Dialect;
  readonly version: ServerVersion;
  /** Largest item the server stores (`-I`), header and key included, in bytes; `undefined` when it would not say. */
  readonly itemSizeMax: number | undefined;
}

/** What memcached takes for an item where it does not say otherwise. */
export const DEFAULT_ITEM_SIZE_MAX = 1024 * 1024;

/** Sends one line (with whatever follows it) and resolves with its last reply. */
export type Ask = (request: Request) => Promise<unknown>;

/**
 * The first words on a new connection: authentication, version, dialect, item limit.
 *
 * `mn` comes last of the probes, since twemproxy closes the connection on it: the caller then comes back with `classic`.
 *
 * @throws {ServerError} when the server refuses; the message never carries the credentials.
 * @throws {ProtocolError} when the peer is no memcached.
 */
export async function negotiate(
  server: ServerAddress,
  protocol: ResolvedClientOptions['protocol'],
  ask: Ask,
  onTryingMeta: () => void,
): Promise<Agreement> {
  if (server.credentials !== undefined) {
    const { payload } = server.credentials;
    await ask(line(`set auth 0 0 ${Buffer.byteLength(payload)}\r\n${toWire(payload)}`, readAuthentication));
  }
  const version = new ServerVersion((await ask(line('version', readVersion))) as string);
  if (protocol === 'classic' || (protocol === 'auto' && !version.atLeast(1, 6, 0))) {
    return { dialect: 'classic', version, itemSizeMax: undefined };
  }
  onTryingMeta();
  await ask(line('mn', readNoop));
  const settings = (await ask(line('stats settings', readStats))) as ReadonlyMap<string, string>;
  const itemSizeMax = Number(settings.get('item_size_max'));
  return { dialect: 'meta', version, itemSizeMax: itemSizeMax > 0 ? itemSizeMax : undefined };
}

function line(text: string, read: ReplyReader): Request {
  const request = new Request('line', '', read);
  request.line = text;
  return request;
}

function toWire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function readAuthentication(reply: Reply): true {
  if (reply.status === 'ok') return true;
  throw notMemcached('authentication', reply);
}

function readVersion(reply: Reply): string {
  if (reply.status === 'version') return reply.text.slice('VERSION '.length).trim();
  throw notMemcached('version', reply);
}

function readNoop(reply: Reply): true {
  if (reply.status === 'noop') return true;
  throw notMemcached('mn', reply);
}

function notMemcached(command: string, reply: Reply): ProtocolError {
  return new ProtocolError(`'${command}' was answered by '${reply.status}', which memcached would not do`);
}

/** What an error line in the negotiation means for the user. */
export function explainRefusal(server: string, error: ServerError): ServerError {
  if (error.reply.includes('unauthenticated')) {
    return new ServerError(
      `${server} asks for a username and password, and the options name none`,
      server,
      error.reply,
    );
  }
  if (error.reply.includes('authentication failure')) {
    return new ServerError(`${server} refuses the username and password of the options`, server, error.reply);
  }
  if (error.reply.includes('Too many open connections')) {
    return new ServerError(`${server} has no connection left (raise memcached's -c)`, server, error.reply);
  }
  return new ServerError(`${server} refuses the connection: ${error.reply}`, server, error.reply);
}
