import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MemcachedModule, MemcachedService, type MemcachedModuleOptions } from '../../../lib/index.js';
import { RecordingCache } from './recording-cache.js';

/** An application on a recording cache. */
export interface Booted extends AsyncDisposable {
  readonly app: INestApplication;
  readonly cache: RecordingCache;
}

/** Starts an application with the module imported globally, its service replaced by a recording cache. */
export async function boot(metadata: ModuleMetadata, options: MemcachedModuleOptions = {}): Promise<Booted> {
  const cache = new RecordingCache();
  const testing = await Test.createTestingModule({
    ...metadata,
    imports: [MemcachedModule.forRoot({ ...options, isGlobal: true }), ...(metadata.imports ?? [])],
  })
    .overrideProvider(MemcachedService)
    .useValue(cache)
    .compile();
  const app = testing.createNestApplication({ logger: false });
  try {
    await app.init();
  } catch (error) {
    await app.close();
    throw error;
  }
  return { app, cache, [Symbol.asyncDispose]: () => app.close() };
}
