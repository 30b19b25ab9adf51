import { DEFAULT_NAME } from '../../options/client-options.js';

/** The context of what Nest's log is told by a module. */
export function logContextOf(name: string): string {
  return name === DEFAULT_NAME ? 'Memcached' : `Memcached:${name}`;
}

/** The token of the `ModuleCache` of the module with a name; also the property under which objects hold it. */
export function getModuleCacheToken(name: string): symbol {
  return Symbol.for(`nestjs-memcached:cache-of:${name}`);
}
