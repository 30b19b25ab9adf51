import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { MemcachedService } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';

/**
 * One application on an embedded server for all tests of a file; nothing is stored when a test begins.
 *
 * @param start starts the application on the server of this address.
 */
export function onEmbeddedServer<App extends INestApplicationContext>(
  start: (servers: string) => Promise<App>,
): { readonly app: App; readonly servers: string } {
  let server: MemcachedServer;
  let app: App | undefined;

  beforeAll(async () => {
    server = await MemcachedServer.start();
    app = await start(server.address);
  });
  beforeEach(() => app?.get(MemcachedService).flushAll());
  afterAll(async () => {
    await app?.close();
    await server.close();
  });

  return {
    get app() {
      if (app === undefined) throw new Error('the application is there once the tests of the file begin');
      return app;
    },
    get servers() {
      return server.address;
    },
  };
}
