import { InvalidOptionsError } from '../errors.js';
import type { MemcachedCacheOptions } from './cache-options.js';
import { ResolvedCacheOptions } from './cache-policy.js';
import {
  CLIENT_OPTIONS,
  DEFAULT_NAME,
  type MemcachedClientOptions,
  ResolvedClientOptions,
  serversInPlaceOf,
} from './client-options.js';
import {
  bool,
  checkObject,
  described,
  object,
  oneOf,
  optional,
  type Reader,
  readObject,
  refuseUnknown,
  type Shape,
  text,
  withDefault,
} from './schema.js';
import type { VarySources } from './vary-by.js';

/** What applies to all decorated methods of a module instance. */
export interface DecoratorsOptions {
  /**
   * Whether decorators do anything; without it, every decorated method is the plain method.
   *
   * @default true
   */
  enabled?: boolean | undefined;

  /**
   * Functions that decorators may name in `varyBy`, for what results depend on beside arguments: the tenant or the
   * language of the request, from an `AsyncLocalStorage` or from nestjs-cls.
   *
   * @default {}
   * @example { tenant: () => requestContext.getStore()?.tenant }
   */
  varyBy?: VarySources | undefined;

  /**
   * What to do when the application starts about classes with decorated methods that no module provides, whose decorators
   * would do nothing: `'warn'` names them in the log, `'refuse'` does not start, `'ignore'` is for processes where that is
   * meant, since other applications, `ModuleRef.create` or modules loaded later use these classes.
   *
   * @default 'warn'
   */
  unprovided?: 'warn' | 'refuse' | 'ignore' | undefined;
}

/** Options of `MemcachedModule`: those of the client, and what the cache and the decorators do by default. */
export interface MemcachedModuleOptions extends MemcachedClientOptions {
  /** How values are cached where a call says nothing else. */
  cache?: MemcachedCacheOptions | undefined;

  /** What applies to all decorated methods. */
  decorators?: DecoratorsOptions | undefined;

  /**
   * Whether an application that has started connects to its servers, behind the start, to say in one line of the log how they
   * are, and to look whether another application stores under the same keys. Without it, the line says what is configured,
   * and the first command connects. Where the log is off, nobody is asked.
   *
   * @default true
   */
  connectAtStart?: boolean | undefined;

  /**
   * The name of the application to others on the same servers: those of one name share their keys on purpose. Without it, an
   * application is known by its decorated methods, and another one with the same `keyPrefix` that has none of them is told of
   * in the log.
   */
  application?: string | undefined;

  /**
   * Whether Nest's log says, in one line a minute at most, what is worth saying: a method whose calls leave nothing in the
   * cache, and why; a hit ratio that has collapsed; a server that goes down again and again; more invalidations owed than are
   * remembered. What lasts is said again after an hour.
   *
   * @default true
   */
  notices?: boolean | undefined;

  /**
   * Whether Nest's log says of every call what came of it, at level `debug`: hit, miss, stale, and why a value was not
   * stored. For development: it costs a line per call, which names the key unless `diagnosticKeys` is off.
   *
   * @default false
   */
  debug?: boolean | undefined;
}

/** What stands beside the options in `forRoot`, and beside the factory in `forRootAsync`. */
export interface MemcachedModuleExtras {
  /**
   * Whether every module of the application can inject the service; otherwise those that import this one.
   *
   * @default false
   */
  isGlobal?: boolean | undefined;

  /**
   * Tells several instances in one application apart; see `@InjectMemcached(name)`, and `name` in decorators.
   *
   * @default 'default'
   */
  name?: string | undefined;
}

/** Module options with nothing left open, each part for the one who reads it further; made once for each instance. */
export class ResolvedModuleOptions {
  readonly client: ResolvedClientOptions;
  readonly cache: ResolvedCacheOptions;
  readonly decorators: Readonly<Required<DecoratorsOptions>>;
  readonly debug: boolean;
  readonly notices: boolean;
  readonly connectAtStart: boolean;
  readonly application: string | undefined;
  /**
   * @param name of the module they are those of.
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  constructor(options: MemcachedModuleOptions, name?: string) {
    checkObject(options, '', serversInPlaceOf);
    refuseUnknown(options, '', [...Object.keys(MODULE_OPTIONS), ...Object.keys(CLIENT_OPTIONS)]);
    const { cache, decorators, debug, notices, connectAtStart, application, ...client } = options;
    this.client = new ResolvedClientOptions({ ...client, instance: client.instance ?? name });
    const own = readObject<ModuleShape>(
      { cache, decorators, debug, notices, connectAtStart, application },
      '',
      MODULE_OPTIONS,
    );
    this.cache = own.cache;
    this.decorators = own.decorators;
    this.debug = own.debug;
    this.notices = own.notices;
    this.connectAtStart = own.connectAtStart;
    this.application = own.application;
    Object.freeze(this);
  }

  /** @throws {InvalidOptionsError} likewise, unless they have been read already. */
  static of(options: MemcachedModuleOptions | ResolvedModuleOptions = {}): ResolvedModuleOptions {
    return options instanceof ResolvedModuleOptions ? options : new ResolvedModuleOptions(options);
  }
}

interface ModuleShape {
  readonly cache: ResolvedCacheOptions;
  readonly decorators: Readonly<Required<DecoratorsOptions>>;
  readonly debug: boolean;
  readonly notices: boolean;
  readonly connectAtStart: boolean;
  readonly application: string | undefined;
}

const readVarySources: Reader<VarySources> = (value, path) => {
  checkObject(value, path, '{ tenant: () => currentTenant() }');
  for (const [name, source] of Object.entries(value)) {
    if (typeof source !== 'function') throw new InvalidOptionsError(`${path}.${name}`, 'expected a function');
  }
  return value as VarySources;
};

/** One reader for each option of `decorators`. */
export const DECORATORS_OPTIONS: Shape<Required<DecoratorsOptions>> = {
  enabled: withDefault(bool, true),
  varyBy: withDefault(readVarySources, {}),
  unprovided: withDefault(oneOf('warn', 'refuse', 'ignore'), 'warn'),
};

const readDecorators = object(DECORATORS_OPTIONS, '{ enabled: false }');

/** One reader for each option that the module has beside the client's. */
export const MODULE_OPTIONS: Shape<ModuleShape> = {
  cache: described(
    (value, path) =>
      new ResolvedCacheOptions((value === undefined ? {} : value) as MemcachedCacheOptions, path),
    {},
  ),
  decorators: described((value, path) => readDecorators(value === undefined ? {} : value, path), {}),
  debug: withDefault(bool, false),
  notices: withDefault(bool, true),
  connectAtStart: withDefault(bool, true),
  application: optional(text()),
};

/** One reader for each of what stands beside the options. */
export const MODULE_EXTRAS: Shape<{ readonly isGlobal: boolean; readonly name: string }> = {
  isGlobal: withDefault(bool, false),
  name: withDefault(text(), DEFAULT_NAME),
};
