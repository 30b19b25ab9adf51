import type { DistributionServer } from '../../custom-distribution.js';
import { DEFAULT_PORT } from '../../options/server-options.js';

/**
 * How a client calls its servers; a server's own `name` always goes first.
 *
 * @param ofAddress for those with a host and a port.
 * @param ofPath for those behind a unix socket.
 */
export function labels(ofAddress: LabelOf, ofPath: (path: string) => string = (path) => path): LabelOf {
  return (server) => server.name ?? (server.path === undefined ? ofAddress(server) : ofPath(server.path));
}

/** The text of a server that a distribution hashes. */
export type LabelOf = (server: DistributionServer) => string;

/** `host:port`. */
export const withPort: LabelOf = ({ host, port }) => `${host}:${port}`;

/** `host` where the port is memcached's own, else `host:port`. */
export const withoutUsualPort: LabelOf = ({ host, port }) =>
  port === DEFAULT_PORT ? host : `${host}:${port}`;

/** What messages call a server. */
export const shownLabel: LabelOf = labels(withPort);
