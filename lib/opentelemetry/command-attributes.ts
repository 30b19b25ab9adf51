import type { Attributes } from '@opentelemetry/api';

/** Memcached's own port, which attributes leave out. */
const DEFAULT_PORT = 11211;

/** What spans and metrics of a command say of it before it is sent. */
export function commandAttributes(instance: string, server: string, command: string): Attributes {
  return Object.freeze({
    'db.system.name': 'memcached',
    'db.operation.name': command,
    ...addressOf(server),
    'cache.name': instance,
  });
}

function addressOf(server: string): Attributes {
  if (server === '') return {};
  const [, host, digits] = /^\[?([^\]]*)\]?:(\d+)$/.exec(server) ?? [];
  if (host === undefined) return { 'server.address': server };
  const port = Number(digits);
  return { 'server.address': host, ...(port === DEFAULT_PORT ? {} : { 'server.port': port }) };
}
