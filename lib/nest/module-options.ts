import type { ConfigurableModuleAsyncOptions } from '@nestjs/common';
import type { CacheOptions } from '../options/cache-options.js';
import { CLIENT_OPTIONS, type ClientOptions, type ResolvedClientOptions } from '../options/client-options.js';
import { InvalidOptionsError } from '../errors.js';
import { bool, oneOf, type Reader, readObject, type Shape, withDefault } from '../options/schema.js';
import type { VarySources } from './instance/vary-by.js';

/** The token under which each `MemcachedModule` keeps its options. */
export const OPTIONS_TOKEN = Symbol('nestjs-memcached:options');

/** What applies to all decorated methods of a module instance. */
export interface DecoratorsOptions {
  /**
   * Whether decorators do anything; without it, every decorated method is the plain method.
   *
   * @default true
   */
  enabled?: boolean;

  /**
   * Functions that decorators may name in `varyBy`, for what results depend on beside arguments: the tenant or the
   * language of the request, from an `AsyncLocalStorage` or from nestjs-cls.
   *
   * @default {}
   * @example { tenant: () => requestContext.getStore()?.tenant }
   */
  varyBy?: VarySources;

  /**
   * What to do when the application starts about classes with decorated methods that no module provides, whose decorators
   * would do nothing: `'warn'` names them in the log, `'refuse'` does not start, `'ignore'` is for processes where that is
   * meant, since other applications, `ModuleRef.create` or modules loaded later use these classes.
   *
   * @default 'warn'
   */
  unprovided?: 'warn' | 'refuse' | 'ignore';
}

/** Options of `MemcachedModule`: those of the client, and what the cache and the decorators do by default. */
export interface MemcachedModuleOptions extends ClientOptions {
  /** How values are cached where a call says nothing else. */
  cache?: CacheOptions;

  decorators?: DecoratorsOptions;

  /**
   * Whether Nest's log says of every call what came of it, at level `debug`: hit, miss, stale, and why a value was not
   * stored. For development: it costs a line per call, which names the key unless `diagnosticKeys` is off.
   *
   * @default false
   */
  debug?: boolean;
}

/** What stands beside the options in `forRoot`, and beside the factory in `forRootAsync`. */
export interface MemcachedModuleExtras {
  /**
   * Whether every module of the application can inject the service; otherwise those that import this one.
   *
   * @default false
   */
  isGlobal?: boolean;

  /** Tells several instances in one application apart; see `@InjectMemcached(name)`, and `name` in decorators. */
  name?: string;
}

/** A provider that makes the options, for `useClass` and `useExisting`. */
export interface MemcachedOptionsFactory {
  createMemcachedOptions(): MemcachedModuleOptions | Promise<MemcachedModuleOptions>;
}

/** What `forRootAsync` takes: where the options come from (one of `useFactory`, `useClass`, `useExisting`), and the extras. */
export interface MemcachedModuleAsyncOptions
  extends
    ConfigurableModuleAsyncOptions<MemcachedModuleOptions, 'createMemcachedOptions'>,
    MemcachedModuleExtras {}

/** Module options, each part for the one who reads it further. */
export interface ResolvedModuleOptions {
  readonly client: ClientOptions;
  readonly cache: CacheOptions;
  readonly decorators: Required<DecoratorsOptions>;
  readonly debug: boolean;
  readonly diagnosticKeys: boolean;
}

/**
 * Validates module options, and takes them apart.
 *
 * @throws {InvalidOptionsError} with the path of the wrong option.
 */
export function resolveModuleOptions(options: MemcachedModuleOptions = {}): ResolvedModuleOptions {
  const { cache, decorators, debug, diagnosticKeys } = readObject<ModuleShape>(options, '', MODULE_OPTIONS);
  const { cache: _cache, decorators: _decorators, debug: _debug, ...client } = options;
  return { client, cache, decorators, debug, diagnosticKeys };
}

type ModuleShape = ResolvedClientOptions & {
  readonly cache: CacheOptions;
  readonly decorators: Required<DecoratorsOptions>;
  readonly debug: boolean;
};

const readVaryBySources: Reader<VarySources> = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionsError(path, 'expected an object of functions by their names');
  }
  for (const [name, source] of Object.entries(value)) {
    if (typeof source !== 'function') throw new InvalidOptionsError(`${path}.${name}`, 'expected a function');
  }
  return value as VarySources;
};

const MODULE_OPTIONS: Shape<ModuleShape> = {
  ...CLIENT_OPTIONS,
  cache: (value) => (value === undefined ? {} : (value as CacheOptions)),
  decorators: (value, path) =>
    readObject<Required<DecoratorsOptions>>(value === undefined ? {} : value, path, {
      enabled: withDefault(bool, true),
      varyBy: withDefault(readVaryBySources, {}),
      unprovided: withDefault(oneOf('warn', 'refuse', 'ignore'), 'warn'),
    }),
  debug: withDefault(bool, false),
};
