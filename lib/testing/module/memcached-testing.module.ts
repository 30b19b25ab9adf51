import { type DynamicModule, Module } from '@nestjs/common';
import { getMemcachedToken } from '../../nest/tokens.js';
import { MemcachedModule } from '../../nest/memcached.module.js';
import type { MemcachedService } from '../../nest/memcached.service.js';
import type { MemcachedModuleExtras, MemcachedModuleOptions } from '../../options/module-options.js';
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
   *
   * @default {}
   */
  seed?: Readonly<Record<string, unknown>> | undefined;
}

/** Stands for the values that the module has stored; what is awaited before it is there. */
const SEEDED = Symbol('seeded');

/** Provides the probe, once for all that import the same definition. */
@Module({})
class ProbeModule {}

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
    const { servers = 1, isGlobal = true, name, seed = {}, ...rest } = options;
    const probe: DynamicModule = {
      module: ProbeModule,
      providers: [{ provide: CacheProbe, useFactory: () => CacheProbe.start(servers) }],
      exports: [CacheProbe],
    };
    const memcached = MemcachedModule.forRootAsync({
      isGlobal,
      ...(name === undefined ? {} : { name }),
      imports: [probe],
      inject: [CacheProbe],
      useFactory: ({ addresses }: CacheProbe) => ({ ...rest, servers: addresses }),
    });
    const seeded = {
      provide: SEEDED,
      inject: [getMemcachedToken(name)],
      useFactory: (service: MemcachedService) => service.setMany(seed),
    };
    return {
      module: MemcachedTestingModule,
      imports: [probe, memcached],
      providers: [seeded],
      exports: [probe, memcached],
    };
  }
}
