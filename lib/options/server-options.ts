import type { ConnectionOptions } from 'node:tls';
import { InvalidOptionsError } from '../errors.js';
import { bool, integer, optional, readObject, text, withDefault, type Reader, type Shape } from './schema.js';

/** memcached's own port. */
export const DEFAULT_PORT = 11211;

/** One memcached server, spelled out. */
export interface ServerOptions {
  /** Name or address; the text as written here decides which keys the server gets, so all clients must write it alike. */
  host?: string | undefined;
  /**
   * Its port.
   *
   * @default 11211
   */
  port?: number | undefined;
  /** Path of a unix socket, instead of `host` and `port`. */
  path?: string | undefined;
  /**
   * Share of the keys against the other servers' weights; a whole number from 0. 0 gets no keys, but counts as 1 with `ketama`,
   * `libmemcached-*` and `npm-memcache-modula`; some distributions give all servers the same share.
   *
   * @default 1
   */
  weight?: number | undefined;
  /** The name by which the distribution knows the server, where it is not `host:port` (twemproxy's node name). */
  name?: string | undefined;
  /** TLS to this server: `true`, or options for Node's `tls.connect`; the server's name is checked by default. */
  tls?: boolean | ConnectionOptions | undefined;
  /** User of memcached's ASCII authentication (`-Y`); no blanks. Sent only to a server that asks for it. */
  username?: string | undefined;
  /** Password of memcached's ASCII authentication; no blanks. */
  password?: string | undefined;
}

/**
 * Servers in any of the usual spellings: `'10.0.0.1:11211'`, `'10.0.0.1:11211=2'` (weight 2), `'[::1]:11211'`,
 * `'/run/memcached.sock'`, `'memcached://user:password@host:11211?weight=2'`, `'memcacheds://…'` (TLS), objects,
 * several of them in a list or, as texts, in one string separated by commas.
 */
export type ServersOption = string | ServerOptions | readonly (string | ServerOptions)[];

/** A user and password; kept where neither `inspect` nor JSON finds them. */
export class Credentials {
  readonly #username: string;
  readonly #password: string;

  constructor(username: string, password: string) {
    this.#username = username;
    this.#password = password;
  }

  /** The data block of memcached's ASCII authentication. */
  get payload(): string {
    return `${this.#username} ${this.#password}`;
  }
}

/** A server after all its spellings: what the rooms below work with. */
export interface ServerAddress {
  /** How messages, `serverFor` and stats call it: `host:port`, `[::1]:11211` or the path of the socket. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  readonly weight: number;
  readonly name: string | undefined;
  readonly tls: ConnectionOptions | undefined;
  readonly credentials: Credentials | undefined;
}

/**
 * Reads every spelling of `servers`.
 *
 * @throws {InvalidOptionsError} for an empty list, a server named twice, or a wrong part, with its path.
 */
export const readServers: Reader<readonly ServerAddress[]> = (value, path) => {
  const list = typeof value === 'string' ? split(value, path) : value;
  const entries: unknown[] = Array.isArray(list) ? list : [list];
  const servers = entries.map((entry, index) =>
    readServer(entry, Array.isArray(list) ? `${path}[${index}]` : path),
  );
  if (servers.length === 0)
    throw new InvalidOptionsError(path, 'expected at least one server, got an empty list');
  const seen = new Set<string>();
  const names = new Set<string>();
  servers.forEach((server, index) => {
    const { name } = server;
    if (name !== undefined && names.has(name)) {
      throw new InvalidOptionsError(
        `${path}[${index}]`,
        `it and another server both have the name '${name}', by which keys are given to servers; give each its own`,
      );
    }
    if (name !== undefined) names.add(name);
    if (seen.has(server.id)) {
      throw new InvalidOptionsError(
        `${path}[${index}]`,
        `'${server.id}' is named twice; give a server more keys by its weight ('${server.id}=2')`,
      );
    }
    seen.add(server.id);
  });
  if (servers.every((server) => server.weight === 0)) {
    throw new InvalidOptionsError(path, 'every weight is 0; give at least one server a weight of 1');
  }
  return Object.freeze(servers);
};

/** Splits a text at its commas, as it is often put together from parts: what is empty between or behind them is nothing. */
function split(text: string, path: string): string[] {
  if (text.includes(';') && !text.includes('@')) {
    throw new InvalidOptionsError(
      path,
      `expected servers separated by commas, got '${withoutCredentials(text)}'`,
    );
  }
  const parts = text.split(',').map((part) => part.trim());
  const servers = parts.filter((part) => part !== '');
  if (servers.length > 0) return servers;
  throw new InvalidOptionsError(
    path,
    `expected at least one server, such as '127.0.0.1:11211', got ${text === '' ? 'an empty text' : `'${text}'`} ` +
      `(an environment variable that is not set?)`,
  );
}

/** A server that is reached as another one is: with its TLS options and its credentials. */
export function reachedLike(other: ServerAddress, server: ServerAddress): ServerAddress {
  const address = { ...server, credentials: other.credentials };
  return Object.freeze(Object.defineProperty(address, 'tls', { value: other.tls }) as ServerAddress);
}

const readServer: Reader<ServerAddress> = (value, path) => {
  if (typeof value === 'string') return fromText(value, path);
  return fromOptions(value, path);
};

function fromText(written: string, path: string): ServerAddress {
  if (/^memcacheds?:\/\//.test(written)) return fromUrl(written, path);
  const [, place, weight] =
    (written.startsWith('/') ? /^(.*?)(?:=([\d.]+))?$/ : /^([^=]*)(?:=(.*))?$/s).exec(written) ?? [];
  if (weight !== undefined && !/^\d+$/.test(weight)) {
    throw new InvalidOptionsError(
      path,
      `expected a whole number from 0 as the weight in '${withoutCredentials(written)}'; for shares of 1.5 and 1 write 3 and 2`,
    );
  }
  const share = weight === undefined ? {} : { weight: Number(weight) };
  if (place.startsWith('/')) return fromOptions({ path: place, ...share }, path);
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s,;:=[\]/@]+))(?::(\d+))?$/.exec(place);
  if (match === null) {
    throw new InvalidOptionsError(
      path,
      `expected 'host:port', 'host:port=weight', '[::1]:port', '/path.sock' or 'memcached://…', got '${withoutCredentials(written)}'`,
    );
  }
  const port = match[3] === undefined ? {} : { port: Number(match[3]) };
  return fromOptions({ host: match[1] ?? match[2], ...port, ...share }, path);
}

function fromUrl(written: string, path: string): ServerAddress {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new InvalidOptionsError(path, `'${withoutCredentials(written)}' is not a URL of a server`);
  }
  if (url.pathname !== '' && url.pathname !== '/') {
    throw new InvalidOptionsError(
      path,
      `'${withoutCredentials(written)}' has a path, which memcached does not know`,
    );
  }
  // What is taken for the server then is a part of the user's name or of the password.
  if (url.hash !== '' || url.search.includes('@')) {
    throw new InvalidOptionsError(
      path,
      "a URL of a server has no '#', and no '@' behind a '?'; in names and passwords write %23, %3F and %40 for them",
    );
  }
  const server: ServerOptions = { host: url.hostname };
  if (url.port !== '') server.port = Number(url.port);
  if (url.username !== '') server.username = decoded(url.username, `${path}.username`);
  if (url.password !== '') server.password = decoded(url.password, `${path}.password`);
  if (url.protocol === 'memcacheds:') server.tls = true;
  for (const [name, given] of url.searchParams) {
    if (name === 'weight') server.weight = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    else if (name === 'name') server.name = given;
    // It is not shown: it could be half of a password that holds a comma.
    else
      throw new InvalidOptionsError(
        path,
        'a URL of a server has an unknown parameter; known are weight, name',
      );
  }
  return fromOptions(server, path);
}

function decoded(text: string, path: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidOptionsError(path, 'a percent sign in a URL must be written as %25');
  }
}

/** What no name of a server has: control characters, and those that turn the direction of text or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function fromOptions(value: unknown, path: string): ServerAddress {
  const server = readObject<ServerSettings>(value, path, SERVER_OPTIONS, "{ host: '10.0.0.1' }");
  if (server.path === undefined && server.host === undefined) {
    throw new InvalidOptionsError(path, 'expected a host (and port) or the path of a unix socket');
  }
  if (server.path !== undefined && (server.host !== undefined || server.port !== undefined)) {
    throw new InvalidOptionsError(path, 'a server has either a path or a host and port, not both');
  }
  // Lists may be what others have stored, and servers' names get into logs and terminals.
  if (UNSEEN.test(`${server.host ?? ''}${server.path ?? ''}`)) {
    throw new InvalidOptionsError(path, 'expected a host or path without control characters');
  }
  const host = hostOf(server.host ?? '', `${path}.host`);
  const port = server.port ?? DEFAULT_PORT;
  const address = {
    id: server.path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    path: server.path,
    weight: server.weight,
    name: server.name,
    credentials: readCredentials(server, path),
  };
  const tls = server.tls === true ? {} : server.tls === false ? undefined : server.tls;
  // Not enumerable, so that neither `inspect` nor JSON shows the keys in it.
  return Object.freeze(Object.defineProperty(address, 'tls', { value: tls }) as ServerAddress);
}

/** A host's name or address, without the brackets of IPv6. */
function hostOf(written: string, path: string): string {
  const host = written.replace(/^\[(.*)\]$/, '$1');
  const isAddress = /^[\da-f.]*:[\da-f.]*:[\da-f:.]*(?:%[\w.-]+)?$/i.test(host);
  if (host.includes(':') && !isAddress)
    throw new InvalidOptionsError(
      path,
      "expected a name or an address alone; 'port' is an option of its own",
    );
  if (/[\s,;=@/?#[\]]/.test(host))
    throw new InvalidOptionsError(path, 'expected one host, without blanks, commas and semicolons');
  return host;
}

function readCredentials(server: ServerSettings, path: string): Credentials | undefined {
  const { username, password } = server;
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw new InvalidOptionsError(path, 'username and password belong together, one of them is missing');
  }
  if (username === '') throw new InvalidOptionsError(`${path}.username`, 'expected a non-empty string');
  if (/[\s\0]/.test(username) || /[\s\0]/.test(password)) {
    throw new InvalidOptionsError(
      path,
      'memcached splits username and password at blanks, so neither can hold one',
    );
  }
  return new Credentials(username, password);
}

const readTls: Reader<boolean | ConnectionOptions> = (value, path) => {
  if (typeof value === 'object' && value !== null) return value;
  return bool(value, path);
};

/** A text of which no error may show anything. */
const secret: Reader<string> = (value, path) => {
  if (typeof value === 'string') return value;
  throw new InvalidOptionsError(path, 'expected a string');
};

type ServerSettings = Omit<ServerOptions, 'weight'> & { readonly weight: number };

/** One reader for each option of a server. */
export const SERVER_OPTIONS: Shape<ServerSettings> = {
  host: optional(text()),
  port: optional(integer(1, 65_535), String(DEFAULT_PORT)),
  path: optional(text()),
  weight: withDefault(integer(0, 1_000_000), 1),
  name: optional(text()),
  tls: optional(readTls),
  username: optional(secret),
  password: optional(secret),
};

/** What was written, as far as it can be shown: without what stands before an `@`, or could be half of that. */
function withoutCredentials(written: string): string {
  const [, scheme, rest] = /^([a-z]+:\/\/)?(.*)$/s.exec(written)!;
  const at = rest.lastIndexOf('@');
  if (at >= 0) return `${scheme ?? ''}***${rest.slice(at)}`;
  return scheme === undefined || !rest.includes(':') ? written : `${scheme}***`;
}
