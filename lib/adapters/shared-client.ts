import { MemcachedClient } from '../client/client.js';
import { MemcachedService } from '../nest/memcached.service.js';
import type { MemcachedModuleOptions } from '../options/module-options.js';
import { StrictClient } from './strict-client.js';

/**
 * What an adapter stands on: the service or the client that the application has, whose connections it shares and does not
 * close; or options, from which it makes a service of its own and closes it.
 */
export type MemcachedSource = MemcachedService | MemcachedClient | MemcachedModuleOptions;

/** A client, which the adapter closes only if it has made it. */
export interface SharedClient {
  readonly client: StrictClient;
  close(): Promise<void>;
}

/** @throws {InvalidOptionsError} with the path of the wrong option, where options are given. */
export function clientOf(source: MemcachedSource): SharedClient {
  if (source instanceof MemcachedClient) return { client: new StrictClient(source), close: leftOpen };
  if (source instanceof MemcachedService) return { client: new StrictClient(source.client), close: leftOpen };
  const service = new MemcachedService(source);
  return { client: new StrictClient(service.client), close: () => service.close() };
}

function leftOpen(): Promise<void> {
  return Promise.resolve();
}
