import type { DistributionServer } from './placement.js';

const MEMCACHED_PORT = 11211;

/** The address without its port where that is memcached's own: as libmemcached, twemproxy and npm memcached hash it. */
export function shortLabel({ name, path, host, port }: DistributionServer): string {
  return name ?? path ?? (port === MEMCACHED_PORT ? host : `${host}:${port}`);
}

/** The address always with its port. */
export function fullLabel({ name, path, host, port }: DistributionServer): string {
  return name ?? path ?? `${host}:${port}`;
}
