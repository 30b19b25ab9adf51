import { type DynamicModule, Module } from '@nestjs/common';
import { InvalidOptionsError } from '../../errors.js';
import { getMemcachedToken } from '../../nest/tokens.js';
import { MemcachedModule } from '../../nest/memcached.module.js';
import type { MemcachedService } from '../../nest/memcached.service.js';
import type { MemcachedModuleExtras, MemcachedModuleOptions } from '../../options/module-options.js';
import { checkObject } from '../../options/schema.js';
import { CacheProbe } from './cache-probe.js';

/** Options of `MemcachedTestingModule`: those of `MemcachedModule`, with a number of servers in place of their addresses. */
export interface MemcachedTestingOptions
  extends Omit<MemcachedModuleOptions, 'servers' | 'discovery'>, MemcachedModuleExtras {
  /**
   * How many embedded servers are started.
   *
   * @default 1
   */
  servers?: number | undefined;

  /**
   * Values by key that are there from the start, as `setMany` of the service stores them, under the module's `cache` options.
   * The module does not start with one that cannot be stored.
   *
   * @default {}
   */
  seed?: Readonly<Record<string, unknown>> | undefined;
}

/** Stores what is there from the start before the module is there, and ends the servers once its cache has ended. */
const LIFE = Symbol('life');

/**
 * `MemcachedModule` on embedded servers that are started on free ports with the module and end with it, and a `CacheProbe` to
 * look at what it does.
 *
 * @example
 * const module = await Test.createTestingModule({ imports: [MemcachedTestingModule.forRoot(), ProductsModule] }).compile();
 * const probe = module.get(CacheProbe);
 */
@Module({})
export class MemcachedTestingModule {
  /**
   * The module on embedded servers that end with it.
   *
   * @param options `isGlobal` is true by default, since the modules under test import no testing module.
   */
  static forRoot(options: MemcachedTestingOptions = {}): DynamicModule {
    checkObject(options, 'forRoot', '{ servers: 2 }');
    const { servers = 1, isGlobal = true, name, seed = {}, ...rest } = options;
    const {
      providers = [],
      exports = [],
      ...memcached
    } = MemcachedModule.forRootAsync({
      isGlobal,
      ...(name === undefined ? {} : { name }),
      inject: [CacheProbe],
      useFactory: ({ addresses }: CacheProbe) => ({ ...rest, servers: addresses }),
    });
    // In the module of the cache itself: as visible as that, and ended at the same time, whatever the order of modules.
    const withServers: DynamicModule = {
      ...memcached,
      providers: [
        ...providers,
        { provide: CacheProbe, useFactory: () => CacheProbe.start(servers) },
        {
          provide: LIFE,
          inject: [getMemcachedToken(name), CacheProbe],
          useFactory: async (service: MemcachedService, probe: CacheProbe) => {
            // A test's double may be anything.
            const onApplicationShutdown = async (): Promise<void> => {
              await (service as Partial<MemcachedService> | undefined)?.close?.();
              await (probe as Partial<CacheProbe> | undefined)?.close?.();
            };
            try {
              await store(seed, service);
            } catch (error) {
              await onApplicationShutdown();
              throw error;
            }
            return { onApplicationShutdown };
          },
        },
      ],
      exports: [...exports, CacheProbe],
    };
    return { module: MemcachedTestingModule, imports: [withServers], exports: [withServers] };
  }
}

/** @throws {InvalidOptionsError} naming the keys whose values are not stored. */
async function store(seed: Readonly<Record<string, unknown>>, service: MemcachedService): Promise<void> {
  if (Object.keys(seed).length === 0) return;
  const { setMany } = (service ?? {}) as Partial<MemcachedService>;
  if (setMany === undefined) {
    throw new InvalidOptionsError(
      'seed',
      `a double is in the place of the cache, and has no setMany(); leave the seed out, or give the double its values`,
    );
  }
  const stored = await setMany.call(service, seed);
  const missing = [...stored].filter(([, isStored]) => !isStored).map(([key]) => JSON.stringify(key));
  if (missing.length === 0) return;
  throw new InvalidOptionsError(
    'seed',
    `${missing.join(', ')} could not be stored; give values that can be serialized, of at most 1 MiB`,
  );
}
