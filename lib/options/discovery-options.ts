import { InvalidOptionsError } from '../errors.js';
import type { Duration } from './duration.js';
import {
  checkObject,
  integer,
  oneOf,
  optional,
  readObject,
  text,
  timer,
  withDefault,
  type Reader,
  type Shape,
} from './schema.js';
import {
  DEFAULT_PORT,
  readServers,
  type ServerAddress,
  type ServerOptions,
  type ServersOption,
} from './server-options.js';

/** Where the list of servers comes from, when it is not fixed. */
export type ServerDiscovery = ElastiCacheDiscovery | DnsDiscovery | FunctionDiscovery;

/** What every way of discovery takes. */
export interface DiscoveryInterval {
  /**
   * How often the list is asked for.
   *
   * @default '1m'
   */
  interval?: Duration | undefined;
}

/** AWS ElastiCache's configuration endpoint (and what imitates it). */
export interface ElastiCacheDiscovery extends DiscoveryInterval {
  type: 'elasticache';
  /** The configuration endpoint, in any spelling of a server; its TLS options and credentials hold for the servers, too. */
  endpoint: string | ServerOptions;
}

/** A name that resolves to all servers. */
export interface DnsDiscovery extends DiscoveryInterval {
  type: 'dns';
  /** The name. */
  name: string;
  /**
   * `address`: A and AAAA records, all on `port`; `srv`: SRV records, which bring ports and weights.
   *
   * @default 'address'
   */
  record?: 'address' | 'srv' | undefined;
  /**
   * Port of the servers behind A and AAAA records.
   *
   * @default 11211
   */
  port?: number | undefined;
  /** Only addresses of this kind; without it those of kind 4 if there are any, else those of kind 6. */
  family?: 4 | 6 | undefined;
}

/** A function of your own. */
export interface FunctionDiscovery extends DiscoveryInterval {
  type: 'function';
  /** Answers the list. */
  find: DiscoveryFunction;
}

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
      readonly family: 4 | 6 | undefined;
      readonly interval: number;
    }
  | { readonly type: 'function'; readonly find: DiscoveryFunction; readonly interval: number };

const DEFAULT_INTERVAL_MS = 60_000;

/** One reader for what every way of discovery takes. */
export const DISCOVERY_INTERVAL: Shape<{ readonly interval: number }> = {
  interval: withDefault(timer(1000), DEFAULT_INTERVAL_MS),
};

const readEndpoint: Reader<ServerAddress> = (value, path) => readServers([value], path)[0];

const readFamily: Reader<4 | 6> = (value, path) => {
  if (value === 4 || value === 6) return value;
  throw new InvalidOptionsError(path, 'expected 4 or 6');
};

const readFind: Reader<DiscoveryFunction> = (value, path) => {
  if (typeof value === 'function') return value as DiscoveryFunction;
  throw new InvalidOptionsError(path, 'expected a function that answers a list of servers');
};

/** One reader for each option of ElastiCache's endpoint. */
export const ELASTICACHE_DISCOVERY: Shape<Extract<ResolvedDiscovery, { type: 'elasticache' }>> = {
  type: oneOf('elasticache'),
  endpoint: readEndpoint,
  ...DISCOVERY_INTERVAL,
};

/** One reader for each option of a name. */
export const DNS_DISCOVERY: Shape<Extract<ResolvedDiscovery, { type: 'dns' }>> = {
  type: oneOf('dns'),
  name: text(),
  record: withDefault(oneOf('address', 'srv'), 'address'),
  port: withDefault(integer(1, 65_535), DEFAULT_PORT),
  family: optional(readFamily),
  ...DISCOVERY_INTERVAL,
};

/** One reader for each option of a function. */
export const FUNCTION_DISCOVERY: Shape<Extract<ResolvedDiscovery, { type: 'function' }>> = {
  type: oneOf('function'),
  find: readFind,
  ...DISCOVERY_INTERVAL,
};

/** How a discovery is written, for whoever passed a name alone: endpoints of ElastiCache are called so. */
function discoveryInPlaceOf(given: unknown): string {
  if (typeof given !== 'string') return "{ type: 'dns', name: 'cache.local' }";
  return given.includes('.cfg.')
    ? `{ type: 'elasticache', endpoint: '${given}' }`
    : `{ type: 'dns', name: '${given}' }`;
}

/** Reads the option `discovery`. */
export const readDiscovery: Reader<ResolvedDiscovery> = (value, path) => {
  if (typeof value === 'function') {
    return { type: 'function', find: value as DiscoveryFunction, interval: DEFAULT_INTERVAL_MS };
  }
  checkObject(value, path, discoveryInPlaceOf);
  switch ((value as { type?: unknown }).type) {
    case 'elasticache':
      return readObject(value, path, ELASTICACHE_DISCOVERY);
    case 'dns':
      return readObject(value, path, DNS_DISCOVERY);
    case 'function':
      return readObject(value, path, FUNCTION_DISCOVERY);
    default:
      throw new InvalidOptionsError(`${path}.type`, "expected 'elasticache', 'dns' or 'function'");
  }
};
