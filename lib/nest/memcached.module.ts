import { ConfigurableModuleBuilder, type DynamicModule, Logger, Module } from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { InvalidOptionsError } from '../errors.js';
import { serversInPlaceOf } from '../options/client-options.js';
import {
  MODULE_EXTRAS,
  type MemcachedModuleExtras,
  type MemcachedModuleOptions,
  ResolvedModuleOptions,
} from '../options/module-options.js';
import { checkObject, readObject } from '../options/schema.js';
import { DecoratorExplorer } from './boot/decorator-explorer.js';
import { ApplicationCaches } from './instance/application-caches.js';
import { ModuleCache } from './instance/module-cache.js';
import { getModuleCacheToken, logContextOf } from './instance/module-name.js';
import { testDoubleMethods } from './instance/test-double.js';
import { MemcachedHealthIndicator } from './health/memcached.health.js';
import { MemcachedService } from './memcached.service.js';
import type { MemcachedModuleAsyncOptions } from './async-options.js';
import { logNodes } from './node-logger.js';
import { Notices } from './notices.js';
import { StartReport } from './start-report.js';
import { OPTIONS_TOKEN } from './options-token.js';
import { getMemcachedClientToken, getMemcachedToken } from './tokens.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: GIVEN } =
  new ConfigurableModuleBuilder<MemcachedModuleOptions>({ moduleName: 'Memcached' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createMemcachedOptions')
    .setExtras<MemcachedModuleExtras>(readObject({}, '', MODULE_EXTRAS), withInstance)
    .build();

/**
 * The cache of a Nest application: provides `MemcachedService` and `MemcachedHealthIndicator`, and makes `@Cacheable` and
 * the other decorators work.
 *
 * @see https://docs.nestjs.com/fundamentals/dynamic-modules
 * @example
 * imports: [MemcachedModule.forRoot({ isGlobal: true, servers: ['10.0.0.1:11211', '10.0.0.2:11211=2'] })]
 */
@Module({})
export class MemcachedModule extends ConfigurableModuleClass {
  /** @throws {InvalidOptionsError} for the class itself in `imports`, without `forRoot`, where no global one stands in. */
  constructor(container: ModulesContainer) {
    super();
    const configured = [...container.values()].filter(({ metatype }) => metatype === MemcachedModule);
    const isBare = configured.some(({ providers }) => !providers.has(DecoratorExplorer));
    const standsIn = configured.some(
      ({ isGlobal, providers }) => isGlobal && providers.has(DecoratorExplorer),
    );
    if (!isBare || standsIn) return;
    throw new InvalidOptionsError(
      'imports',
      "'MemcachedModule' alone configures nothing; write MemcachedModule.forRoot({ servers: '127.0.0.1:11211' }), or forRootAsync",
    );
  }

  /**
   * @param options may bear `isGlobal` and `name` beside the options themselves.
   * @throws {InvalidOptionsError} when the application starts, with the path of the wrong option; at once for what is no object.
   */
  static override forRoot(options: MemcachedModuleOptions & MemcachedModuleExtras = {}): DynamicModule {
    checkObject(options, 'forRoot', serversInPlaceOf);
    return super.forRoot(options);
  }

  /**
   * @param options where the options come from; `isGlobal` and `name` stand beside the factory.
   * @throws {InvalidOptionsError} when the application starts, with the path of the wrong option.
   * @example
   * MemcachedModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ servers: config.getOrThrow('MEMCACHED_SERVERS') }),
   * })
   */
  static override forRootAsync(options: MemcachedModuleAsyncOptions): DynamicModule {
    checkObject(options, 'forRootAsync', '{ useFactory: () => ({}) }');
    const { useFactory, useClass, useExisting } = options;
    const sources = [useFactory, useClass, useExisting].filter((source) => source !== undefined);
    if (sources.length !== 1) {
      throw new InvalidOptionsError(
        'forRootAsync',
        `expected one of useFactory, useClass and useExisting, got ${sources.length === 0 ? 'none' : 'several'}`,
      );
    }
    return super.forRootAsync(options);
  }
}

/** @throws {InvalidOptionsError} for a factory that has returned no options. */
function given(options: MemcachedModuleOptions | undefined): MemcachedModuleOptions {
  if (options === undefined || options === null) {
    throw new InvalidOptionsError(
      'forRootAsync',
      `the factory returned ${String(options)}; return the options, an empty object for the defaults`,
    );
  }
  checkObject(options, 'forRootAsync', serversInPlaceOf);
  return options;
}

/** Whether this is a service that works, and no double that a test put in its place, of its class or not. */
function isService(memcached: unknown): memcached is MemcachedService {
  try {
    return memcached instanceof MemcachedService && typeof memcached.counters === 'object';
  } catch {
    return false;
  }
}

/** What a module instance consists of; each under tokens that bear its name. */
function withInstance(definition: DynamicModule, extras: MemcachedModuleExtras): DynamicModule {
  const { isGlobal, name } = readObject({ isGlobal: extras.isGlobal, name: extras.name }, '', MODULE_EXTRAS);
  const service = getMemcachedToken(name);
  const client = getMemcachedClientToken(name);
  const cache = getModuleCacheToken(name);
  return {
    ...definition,
    global: isGlobal,
    providers: [
      ...(definition.providers ?? []),
      {
        provide: OPTIONS_TOKEN,
        useFactory: (options: MemcachedModuleOptions | undefined, container: ModulesContainer) =>
          ApplicationCaches.of(container).options(
            name,
            given(options),
            (each) => new ResolvedModuleOptions(each, name),
          ),
        inject: [GIVEN, ModulesContainer],
      },
      {
        provide: service,
        useFactory: (options: ResolvedModuleOptions, container: ModulesContainer) =>
          ApplicationCaches.of(container).companion(options, 'service', () => {
            const memcached = new MemcachedService(options);
            logNodes(memcached.client, options.client.failover, name);
            return memcached;
          }),
        inject: [OPTIONS_TOKEN, ModulesContainer],
      },
      {
        provide: client,
        // A test's double may be anything, or nothing.
        useFactory: (memcached: MemcachedService | undefined) => memcached?.client,
        inject: [service],
      },
      {
        provide: cache,
        useFactory: (
          memcached: MemcachedService | undefined,
          { decorators: { enabled, varyBy } }: ResolvedModuleOptions,
          container: ModulesContainer,
        ) => {
          if (!enabled) return undefined;
          const double = memcached ?? {};
          return ApplicationCaches.of(container).companion(double, `cache ${name}`, () => {
            const methods = isService(double) ? double : testDoubleMethods(double);
            return new ModuleCache(methods, varyBy, undefined, name);
          });
        },
        inject: [service, OPTIONS_TOKEN, ModulesContainer],
      },
      {
        provide: DecoratorExplorer,
        useFactory: (
          container: ModulesContainer,
          modules: ModuleRef,
          loader: LazyModuleLoader,
          memcached: MemcachedService,
          options: ResolvedModuleOptions,
          notices: Notices | undefined,
          moduleCache: ModuleCache | undefined,
        ) => {
          const report = ApplicationCaches.of(container).companion(
            options,
            'start',
            () => new StartReport(memcached, options, name),
          );
          const onStart = (identity: readonly string[]): void => {
            if (isService(memcached)) report.tell(identity);
            notices?.onApplicationBootstrap();
          };
          const close = (): void | Promise<void> => {
            notices?.onApplicationShutdown();
            return isService(memcached) ? memcached.close() : undefined;
          };
          const { unprovided } = options.decorators;
          const make = (): DecoratorExplorer =>
            new DecoratorExplorer(
              { container, modules, loader, onStart, close },
              name,
              unprovided,
              moduleCache,
            );
          if (moduleCache === undefined) return make();
          return ApplicationCaches.of(container).companion(moduleCache, 'explorer', make);
        },
        inject: [
          ModulesContainer,
          ModuleRef,
          LazyModuleLoader,
          service,
          OPTIONS_TOKEN,
          Notices,
          { token: cache, optional: true },
        ],
      },
      {
        provide: Notices,
        useFactory: (
          memcached: MemcachedService,
          { notices }: ResolvedModuleOptions,
          container: ModulesContainer,
        ) => {
          if (!notices || !isService(memcached)) return undefined;
          return ApplicationCaches.of(container).companion(
            memcached,
            'notices',
            () => new Notices(memcached, new Logger(logContextOf(name))),
          );
        },
        inject: [service, OPTIONS_TOKEN, ModulesContainer],
      },
      {
        provide: MemcachedHealthIndicator,
        useFactory: (modules: ModuleRef, container: ModulesContainer) =>
          new MemcachedHealthIndicator(modules, container, name),
        inject: [ModuleRef, ModulesContainer],
      },
    ],
    exports: [service, client, cache, MemcachedHealthIndicator],
  };
}
