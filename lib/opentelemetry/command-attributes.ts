import type { Attributes } from '@opentelemetry/api';
import { DEFAULT_PORT } from '../options/server-options.js';

/**
 * What the conventions have spans and metrics say of a command before it is sent; in the order of the names, which SDKs that
 * sort them for each value find sorted.
 */
export function commandAttributes(server: string, command: string, errorType = ''): Attributes {
  return Object.freeze({
    'db.operation.name': command,
    'db.system.name': 'memcached',
    ...(errorType === '' ? {} : { 'error.type': errorType }),
    ...addressOf(server),
  });
}

function addressOf(server: string): Attributes {
  if (server === '') return {};
  const [, host, digits] = /^\[?([^\]]*)\]?:(\d+)$/.exec(server) ?? [];
  if (host === undefined) return { 'server.address': server };
  const port = Number(digits);
  return { 'server.address': host, ...(port === DEFAULT_PORT ? {} : { 'server.port': port }) };
}
