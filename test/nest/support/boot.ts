import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  MemcachedModule,
  type MemcachedModuleExtras,
  type MemcachedModuleOptions,
  MemcachedService,
} from '../../../lib/index.js';
import { RecordingCache } from './recording-cache.js';

/** An application on a recording cache. */
export interface Booted extends AsyncDisposable {
  readonly app: INestApplication;
  readonly cache: RecordingCache;
}

/** Starts an application with the module imported globally, its service replaced by a recording cache. */
export async function boot(
  metadata: ModuleMetadata,
  options: MemcachedModuleOptions & MemcachedModuleExtras = {},
  logger: LoggerService | false = false,
): Promise<Booted> {
  const cache = new RecordingCache();
  const testing = await Test.createTestingModule({
    ...metadata,
    imports: [MemcachedModule.forRoot({ ...options, isGlobal: true }), ...(metadata.imports ?? [])],
  })
    .overrideProvider(MemcachedService)
    .useValue(cache)
    .compile();
  const app = testing.createNestApplication({ logger });
  try {
    await app.init();
  } catch (error) {
    await app.close();
    throw error;
  }
  return { app, cache, [Symbol.asyncDispose]: () => app.close() };
}

/** What refuses an application with these providers and controllers, a line for each mistake; none where it starts. */
export async function refusals(metadata: ModuleMetadata): Promise<string[]> {
  try {
    await using _ = await boot(metadata, { decorators: { unprovided: 'ignore' } });
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}
