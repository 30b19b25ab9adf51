import { InvalidOptionsError } from '../errors.js';
import type { Duration } from './duration.js';
import { integer, oneOf, optional, readObject, text, timer, withDefault, type Reader } from './schema.js';
import {
  DEFAULT_PORT,
  readServers,
  type ServerAddress,
  type ServerOptions,
  type ServersOption,
} from './server-options.js';

/** Where the list of servers comes from, when it is not fixed. */
export type ServerDiscovery = (
  | {
      /** AWS ElastiCache's configuration endpoint (and what imitates it). */
      type: 'elasticache';
      /** The configuration endpoint, in any spelling of a server; its TLS options and credentials hold for the servers, too. */
      endpoint: string | ServerOptions;
    }
  | {
      /** A name that resolves to all servers. */
      type: 'dns';
      name: string;
      /** `address`: A and AAAA records, all on `port`; `srv`: SRV records, which bring ports and weights. @default 'address' */
      record?: 'address' | 'srv';
      /** Port of the servers behind A and AAAA records. @default 11211 */
      port?: number;
      /** Only addresses of this kind; without it those of kind 4 if there are any, else those of kind 6. */
      family?: 4 | 6;
    }
  | {
      /** A function of your own. */
      type: 'function';
      find: DiscoveryFunction;
    }
) & {
  /** How often the list is asked for; from 1 s to 24 days. @default '60s' */
  interval?: Duration;
};

/** Answers the present list of servers; called at the start and then at every interval. */
export type DiscoveryFunction = () => ServersOption | Promise<ServersOption>;

/** Discovery after validation. */
export type ResolvedDiscovery =
  | { readonly type: 'elasticache'; readonly endpoint: ServerAddress; readonly interval: number }
  | {
      readonly type: 'dns';
      readonly name: string;
      readonly record: 'address' | 'srv';
      readonly port: number;
      readonly family?: 4 | 6 | undefined;
      readonly interval: number;
    }
  | { readonly type: 'function'; readonly find: DiscoveryFunction; readonly interval: number };

const DEFAULT_INTERVAL_MS = 60_000;

const interval = withDefault(timer(1000), DEFAULT_INTERVAL_MS);

const readEndpoint: Reader<ServerAddress> = (value, path) => readServers([value], path)[0];

const readFamily: Reader<4 | 6> = (value, path) => {
  if (value === 4 || value === 6) return value;
  throw new InvalidOptionsError(path, 'expected 4 or 6');
};

/** Reads the option `discovery`. */
export const readDiscovery: Reader<ResolvedDiscovery> = (value, path) => {
  if (typeof value === 'function') {
    return { type: 'function', find: value as DiscoveryFunction, interval: DEFAULT_INTERVAL_MS };
  }
  const type = (value as { type?: unknown } | null)?.type;
  if (type === 'elasticache') {
    return readObject(value, path, { type: oneOf('elasticache'), endpoint: readEndpoint, interval });
  }
  if (type === 'dns') {
    return readObject(value, path, {
      type: oneOf('dns'),
      name: text(),
      record: withDefault(oneOf('address', 'srv'), 'address'),
      port: withDefault(integer(1, 65_535), DEFAULT_PORT),
      family: optional(readFamily),
      interval,
    });
  }
  if (type === 'function') {
    return readObject(value, path, {
      type: oneOf('function'),
      find: (find, findPath) => {
        if (typeof find === 'function') return find as DiscoveryFunction;
        throw new InvalidOptionsError(findPath, 'expected a function that answers a list of servers');
      },
      interval,
    });
  }
  throw new InvalidOptionsError(`${path}.type`, "expected 'elasticache', 'dns' or 'function'");
};
