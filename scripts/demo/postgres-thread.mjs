import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';

// PGlite is a dependency of the sample and need not be installed where this file could import it by name.
const shop = createRequire(new URL('../../sample/shop/package.json', import.meta.url));
const { PGlite } = await import(pathToFileURL(shop.resolve('@electric-sql/pglite')).href);
const { PGLiteSocketServer } = await import(pathToFileURL(shop.resolve('@electric-sql/pglite-socket')).href);

// PGlite has one session, which all connections share: no transactions over several queries, no named statements.
const server = new PGLiteSocketServer({ db: await PGlite.create(), port: 0, maxConnections: 50 });
await server.start();
parentPort.postMessage(server.getServerConn());
