import type { ConfigurableModuleAsyncOptions } from '@nestjs/common';
import type { MemcachedModuleExtras, MemcachedModuleOptions } from '../options/module-options.js';

/** A provider that makes the options, for `useClass` and `useExisting`. */
export interface MemcachedOptionsFactory {
  /** Called once, as the module is made. */
  createMemcachedOptions(): MemcachedModuleOptions | Promise<MemcachedModuleOptions>;
}

/** What `forRootAsync` takes: where the options come from (one of `useFactory`, `useClass`, `useExisting`), and the extras. */
export interface MemcachedModuleAsyncOptions
  extends
    ConfigurableModuleAsyncOptions<MemcachedModuleOptions, 'createMemcachedOptions'>,
    MemcachedModuleExtras {}
