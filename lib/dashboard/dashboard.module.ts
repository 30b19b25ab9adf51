import {
  type CanActivate,
  type ControllerOptions,
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type Type,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { InvalidOptionsError } from '../errors.js';
import { type DashboardOptions, resolveDashboardOptions } from '../options/dashboard-options.js';
import { bool, checkObject, refuseUnknown } from '../options/schema.js';
import { Dashboard } from './dashboard.js';
import { dashboardController } from './dashboard.controller.js';

/**
 * A page that shows the application's memcached: the servers and how the keys and the traffic are shared among them, what the
 * cache saves, which groups of keys are hottest and slowest, and where a key lives. Never a value.
 *
 * It does not start without a guard, unless `NODE_ENV` is `development` or `test`.
 *
 * @example
 * imports: [
 *   MemcachedModule.forRoot({ isGlobal: true, servers }),
 *   MemcachedDashboardModule.forRoot({ path: '/memcached', guards: [AdminGuard] }),
 * ]
 */
@Module({})
export class MemcachedDashboardModule {
  /** @throws {InvalidOptionsError} with the path of the wrong option, or where nobody guards the page. */
  static forRoot(options: DashboardOptions & DashboardPlace = {}): DynamicModule {
    checkObject(options, 'forRoot', "{ path: '/memcached', guards: [AdminGuard] }");
    const { path, guards, unguarded, version, imports, ...shown } = options;
    const resolved = resolveDashboardOptions(shown);
    return moduleAt({ path, guards, unguarded, version, imports }, { useFactory: () => resolved });
  }

  /**
   * @param options where the options come from; what decides about the routes stands beside the factory.
   * @throws {InvalidOptionsError} when the application starts, with the path of the wrong option, or where nobody guards the page.
   */
  static forRootAsync(options: DashboardAsyncOptions): DynamicModule {
    checkObject(options, 'forRootAsync', '{ useFactory: () => ({}), guards: [AdminGuard] }');
    refuseUnknown(options, 'forRootAsync', [...PLACE, 'useFactory', 'inject']);
    const { useFactory, inject, ...place } = options;
    return moduleAt(place, {
      inject,
      useFactory: async (...dependencies: unknown[]) =>
        resolveDashboardOptions((await useFactory(...(dependencies as never[]))) ?? {}),
    });
  }
}

/** Where the page is, and who may see it. */
export interface DashboardPlace extends Pick<ModuleMetadata, 'imports'> {
  /**
   * Path of the page, below the application's prefix.
   *
   * @default 'memcached'
   */
  path?: string | undefined;

  /**
   * Guards of the page and of all that it asks for: classes, whose dependencies come from `imports` and global modules, or
   * objects. Needed unless `NODE_ENV` is `development` or `test`.
   */
  guards?: readonly (Type<CanActivate> | CanActivate)[] | undefined;

  /**
   * Starts without guards, where something else keeps strangers away: a guard of the whole application, a proxy, a port.
   *
   * @default false
   */
  unguarded?: boolean | undefined;

  /**
   * The version of the routes, in an application with versions.
   *
   * @default VERSION_NEUTRAL: the path without a version
   */
  version?: ControllerOptions['version'] | undefined;
}

/** What `forRootAsync` takes: where the options come from, and where the page is. */
export interface DashboardAsyncOptions extends DashboardPlace {
  /** Makes the options; of what `inject` names. */
  useFactory: (...dependencies: never[]) => DashboardOptions | Promise<DashboardOptions>;
  inject?: FactoryProvider['inject'] | undefined;
}

const PLACE = ['path', 'guards', 'unguarded', 'version', 'imports'] as const;

/** What answers for the options within the module. */
const OPTIONS = Symbol('nestjs-memcached:dashboard-options');

const DEFAULT_PATH = 'memcached';

/** Where a page that everybody can see is what one wants. */
const AT_HOME = new Set(['development', 'test']);

function moduleAt(
  {
    path = DEFAULT_PATH,
    guards = [],
    unguarded = false,
    version = VERSION_NEUTRAL,
    imports = [],
  }: DashboardPlace,
  options: Pick<FactoryProvider, 'useFactory' | 'inject'>,
): DynamicModule {
  if (typeof path !== 'string') throw new InvalidOptionsError('path', `expected a text, got ${typeof path}`);
  const isOpen = bool(unguarded, 'unguarded');
  if (!Array.isArray(guards))
    throw new InvalidOptionsError('guards', 'expected a list, such as [AdminGuard]');
  if (guards.length === 0 && !isOpen && !AT_HOME.has(process.env.NODE_ENV ?? '')) {
    throw new InvalidOptionsError(
      'guards',
      'the dashboard would be open to everybody who reaches the application. Give it guards: [YourGuard]; or ' +
        'unguarded: true, where something else keeps strangers away. With NODE_ENV=development it needs neither',
    );
  }
  return {
    module: MemcachedDashboardModule,
    imports,
    controllers: [dashboardController({ path, version }, guards)],
    providers: [
      { provide: OPTIONS, ...options },
      {
        provide: Dashboard,
        useFactory: (resolved, modules: ModuleRef, container: ModulesContainer) =>
          new Dashboard(resolved, modules, container),
        inject: [OPTIONS, ModuleRef, ModulesContainer],
      },
    ],
  };
}
