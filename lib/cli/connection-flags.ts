import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { readDistribution } from '../cluster/distribution/distribution.js';
import type { MemcachedClientOptions } from '../options/client-options.js';
import type { ServerDiscovery } from '../options/discovery-options.js';
import type { DistributionOption } from '../options/distribution-options.js';
import type { Duration } from '../options/duration.js';
import { readServers, type ServerAddress, type ServerOptions } from '../options/server-options.js';
import { textOf, UsageError, type Flags, type FlagValues } from './command.js';

/** What every command takes to find and to reach the servers. */
export const CONNECTION_FLAGS: Flags = {
  servers: {
    type: 'string',
    short: 's',
    value: 'LIST',
    text: 'the servers, separated by commas: host:port, host:port=weight, [::1]:port, /path.sock, memcached://user:password@host, memcacheds://host (TLS)',
    without: 'MEMCACHED_SERVERS, or 127.0.0.1:11211',
  },
  discovery: {
    type: 'string',
    value: 'WHERE',
    text: 'where the list of servers is asked for: elasticache:HOST:PORT, dns:NAME or dns:NAME:PORT, srv:NAME',
  },
  distribution: {
    type: 'string',
    short: 'd',
    value: 'NAME',
    text: 'which server gets a key: a name, or JSON such as \'{"type":"twemproxy-ketama","hash":"md5"}\'',
    without: 'ketama',
  },
  prefix: {
    type: 'string',
    short: 'p',
    value: 'TEXT',
    text: "the application's keyPrefix, which stands before every key",
  },
  protocol: { type: 'string', value: 'DIALECT', text: 'auto, meta or classic', without: 'auto' },
  timeout: {
    type: 'string',
    short: 't',
    value: 'TIME',
    text: 'longest wait for a reply, such as 500ms or 2s',
    without: '1s',
  },
  'connect-timeout': {
    type: 'string',
    value: 'TIME',
    text: 'longest wait for a connection',
    without: '1s',
  },
  username: {
    type: 'string',
    value: 'NAME',
    text: "user of memcached's authentication (-Y); its password is read from MEMCACHED_PASSWORD, since others see command lines",
    without: 'MEMCACHED_USERNAME, or none',
  },
  tls: { type: 'boolean', text: 'encrypt, and check the certificates' },
  'tls-ca': { type: 'string', value: 'FILE', text: 'trust the authorities in this PEM file; implies --tls' },
  'tls-cert': { type: 'string', value: 'FILE', text: 'show this certificate (PEM), with --tls-key' },
  'tls-key': { type: 'string', value: 'FILE', text: 'its key (PEM)' },
  'tls-servername': { type: 'string', value: 'NAME', text: 'the name that the certificates have to bear' },
  'tls-insecure': { type: 'boolean', text: 'encrypt, and take any certificate: whoever answers' },
};

/**
 * What the flags and the environment come to, as options of a client.
 *
 * @throws {UsageError | MemcachedError} for what cannot be meant.
 */
export function clientOptions(flags: FlagValues, env: NodeJS.ProcessEnv): MemcachedClientOptions {
  const distribution = distributionOf(textOf(flags, 'distribution'));
  const how = reachedBy(flags, env);
  const options: MemcachedClientOptions = {
    distribution,
    keyPrefix: textOf(flags, 'prefix') ?? '',
    protocol: (textOf(flags, 'protocol') ?? 'auto') as 'auto',
    commandTimeout: (textOf(flags, 'timeout') ?? '1s') as Duration,
    connectTimeout: (textOf(flags, 'connect-timeout') ?? '1s') as Duration,
    // Whoever looks wants to know of each server at once.
    failuresToDown: 1,
    drainTimeout: 0,
  };
  const discovery = textOf(flags, 'discovery');
  const servers = textOf(flags, 'servers');
  if (discovery !== undefined) {
    if (servers !== undefined) throw new UsageError('--servers and --discovery exclude each other');
    return { ...options, discovery: discoveryOf(discovery, how) };
  }
  const [list, source] =
    servers === undefined
      ? [env.MEMCACHED_SERVERS || '127.0.0.1:11211', 'MEMCACHED_SERVERS']
      : [servers, '--servers'];
  return { ...options, servers: readServers(list, source).map((address) => spelled(address, how)) };
}

/** What holds for all servers, where their own spelling says nothing else. */
interface Reach {
  readonly tls: ConnectionOptions | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

function reachedBy(flags: FlagValues, env: NodeJS.ProcessEnv): Reach {
  const username = textOf(flags, 'username') ?? env.MEMCACHED_USERNAME;
  const password = env.MEMCACHED_PASSWORD;
  if (username !== undefined && password === undefined) {
    throw new UsageError('--username: its password is missing; put it into the variable MEMCACHED_PASSWORD');
  }
  return { tls: tlsOf(flags), username, password: username === undefined ? undefined : password };
}

function tlsOf(flags: FlagValues): ConnectionOptions | undefined {
  const wanted = Object.keys(flags).some((name) => name.startsWith('tls') && flags[name] !== undefined);
  if (!wanted) return undefined;
  const [ca, cert, key] = ['tls-ca', 'tls-cert', 'tls-key'].map((name) => fileOf(flags, name));
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together, one of them is missing');
  }
  const servername = textOf(flags, 'tls-servername');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
    ...(servername === undefined ? {} : { servername }),
    ...(flags['tls-insecure'] === true ? { rejectUnauthorized: false } : {}),
  };
}

function fileOf(flags: FlagValues, name: string): Buffer | undefined {
  const path = textOf(flags, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--${name}: ${(error as Error).message}`);
  }
}

/** An address as options again, reached as the flags say. */
function spelled(address: ServerAddress, { tls, username, password }: Reach): ServerOptions {
  const { host, port, path, weight, name, credentials } = address;
  // Neither of the two can hold a blank.
  const [user, secret] = credentials === undefined ? [username, password] : credentials.payload.split(' ');
  const encrypted = address.tls === undefined && tls === undefined ? undefined : { ...tls, ...address.tls };
  return {
    ...(path === undefined ? { host, port } : { path }),
    weight,
    ...(name === undefined ? {} : { name }),
    ...(encrypted === undefined ? {} : { tls: encrypted }),
    ...(user === undefined ? {} : { username: user, password: secret }),
  };
}

function discoveryOf(where: string, how: Reach): ServerDiscovery {
  const [, type, place] = /^(elasticache|dns|srv):(.+)$/.exec(where) ?? [];
  if (type === 'elasticache') {
    return { type, endpoint: spelled(readServers(place, '--discovery')[0], how) };
  }
  const reached = how.tls !== undefined || how.username !== undefined;
  if (type !== undefined && reached) {
    throw new UsageError(
      `--discovery ${type}: finds addresses alone, which are reached without TLS and user; list them by --servers`,
    );
  }
  if (type === 'srv') return { type: 'dns', name: place, record: 'srv' };
  if (type === 'dns') {
    const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(place)!;
    return { type, name, ...(port === undefined ? {} : { port: Number(port) }) };
  }
  throw new UsageError(
    `--discovery: expected elasticache:HOST:PORT, dns:NAME, dns:NAME:PORT or srv:NAME, got '${where}'`,
  );
}

function distributionOf(given: string | undefined): DistributionOption {
  if (given === undefined) return 'ketama';
  let option = given as DistributionOption;
  if (given.trimStart().startsWith('{')) {
    try {
      option = JSON.parse(given) as DistributionOption;
    } catch (error) {
      throw new UsageError(`--distribution: ${(error as Error).message}`);
    }
  }
  readDistribution(option, '--distribution');
  return option;
}
