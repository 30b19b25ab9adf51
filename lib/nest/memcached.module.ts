import { ConfigurableModuleBuilder, type DynamicModule, Module } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { InvalidOptionsError } from '../errors.js';
import { DecoratorExplorer } from './boot/decorator-explorer.js';
import { ModuleCache } from './instance/module-cache.js';
import { DEFAULT_NAME, getModuleCacheToken } from './instance/module-name.js';
import { MemcachedHealthIndicator } from './health/memcached.health.js';
import { MemcachedService } from './memcached.service.js';
import {
  type MemcachedModuleAsyncOptions,
  type MemcachedModuleExtras,
  type MemcachedModuleOptions,
  resolveModuleOptions,
} from './module-options.js';
import { logNodes } from './node-logger.js';
import { getMemcachedClientToken, getMemcachedToken } from './tokens.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<MemcachedModuleOptions>({ moduleName: 'Memcached' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createMemcachedOptions')
    .setExtras<MemcachedModuleExtras>({ isGlobal: false, name: DEFAULT_NAME }, withInstance)
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
  /**
   * @param options may bear `isGlobal` and `name` beside the options themselves.
   * @throws {InvalidOptionsError} when the application starts, with the path of the wrong option.
   */
  static override forRoot(options: MemcachedModuleOptions & MemcachedModuleExtras = {}): DynamicModule {
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

/** What a module instance consists of; each under tokens that bear its name. */
function withInstance(definition: DynamicModule, extras: MemcachedModuleExtras): DynamicModule {
  const name = extras.name ?? DEFAULT_NAME;
  const service = getMemcachedToken(name);
  const client = getMemcachedClientToken(name);
  const cache = getModuleCacheToken(name);
  return {
    ...definition,
    global: extras.isGlobal ?? false,
    providers: [
      ...(definition.providers ?? []),
      {
        provide: service,
        useFactory: (options: MemcachedModuleOptions) => {
          const memcached = new MemcachedService(options);
          logNodes(memcached.client, options.failover ?? 'error', name);
          return memcached;
        },
        inject: [MODULE_OPTIONS_TOKEN],
      },
      {
        provide: client,
        useFactory: (memcached: MemcachedService) => memcached.client,
        inject: [service],
      },
      {
        provide: cache,
        useFactory: (memcached: MemcachedService, options: MemcachedModuleOptions) => {
          const { enabled, varyBy } = resolveModuleOptions(options).decorators;
          return enabled ? new ModuleCache(memcached, varyBy) : undefined;
        },
        inject: [service, MODULE_OPTIONS_TOKEN],
      },
      {
        provide: DecoratorExplorer,
        useFactory: (
          container: ModulesContainer,
          modules: ModuleRef,
          options: MemcachedModuleOptions,
          moduleCache: ModuleCache | undefined,
        ) => {
          const { unprovided } = resolveModuleOptions(options).decorators;
          return new DecoratorExplorer(container, modules, name, unprovided, moduleCache);
        },
        inject: [ModulesContainer, ModuleRef, MODULE_OPTIONS_TOKEN, { token: cache, optional: true }],
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
