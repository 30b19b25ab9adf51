/**
 * `npm run demo`: the sample shop in two processes on two memcached servers, from a fresh clone with nothing but Node
 * and npm. Takes a tour, says of every claim whether it held, and stays up.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { bad, good, heading, note, step } from './demo/terminal.mjs';

const USAGE = `npm run demo [-- --exit --traces]

  --exit              end after the tour: with status 0 if every claim held, with 1 if not
  --traces            write every span of the cache to the console, as OpenTelemetry has it
  PORT                port of the first process, 0 for any free one (3000)
  MEMCACHED_SERVERS   host:port=weight,host:port=weight to run on, instead of two embedded servers
  DATABASE_URL        PostgreSQL to run on, instead of an embedded one; the shop keeps to a schema of its own`;

/** Where the shop listens: it is for whoever started it. */
const HOST = '127.0.0.1';

/** How to end what was started; what was started last ends first. */
const closers = [];
let closing;

/** @returns {Promise<boolean>} whether everything came to its end by itself. */
function closeAll() {
  closing ??= (async () => {
    let clean = true;
    for (const close of closers.toReversed()) clean = (await close()) !== false && clean;
    return clean;
  })();
  return closing;
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => void closeAll().finally(() => process.exit(status)));
}

const given = process.argv.slice(2);
const port = Number(process.env.PORT ?? 3000);

if (given.some((argument) => !['--exit', '--traces'].includes(argument))) {
  console.log(USAGE);
  process.exitCode = given.includes('--help') ? 0 : 1;
} else if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`PORT: expected a number from 0 to 65535, got '${process.env.PORT}'`);
  process.exitCode = 1;
} else {
  try {
    await demo(given.includes('--exit'), given.includes('--traces'));
  } catch (error) {
    // An interrupted demo fails wherever it just was: that is not worth a message.
    if (closing === undefined) console.error(`\n${bad('✘')} ${error.message}`);
    process.exitCode = 1;
    await closeAll();
  }
}

async function demo(exitAfterTour, tracesToConsole) {
  heading('Getting ready');
  await refuseTakenPort();
  await prepare();
  const shop = await startEverything(tracesToConsole);
  heading('Where to look');
  for (const { name, url } of shop.shops) {
    note(`${name}: ${url}, its dashboard ${url}/memcached`);
    note(`  its health ${url}/health, its metrics ${url}/metrics`);
  }

  const claims = [];
  const { takeTour } = await import('./demo/tour.mjs');
  await takeTour({
    ...shop,
    claim: (held, text) => {
      if (closing !== undefined) throw new Error('interrupted');
      claims.push(held);
      console.log(`  ${held ? good('✔') : bad('✘')} ${text}`);
    },
  });

  const [first, second] = shop.shops;
  if (!exitAfterTour) {
    summary(claims);
    console.log(`\nThe shop is open: ${first.url} and, the other process, ${second.url}. Ctrl-C closes it.`);
    return;
  }
  heading('The shop closes');
  const clean = await closeAll();
  claims.push(clean);
  console.log(`  ${clean ? good('✔') : bad('✘')} both processes ended by themselves, with nothing left open`);
  summary(claims);
  process.exitCode = claims.every(Boolean) ? 0 : 1;
}

function summary(claims) {
  const held = claims.filter(Boolean).length;
  const all = held === claims.length;
  console.log(`\n${all ? good('✔') : bad('✘')} ${held} of ${claims.length} claims held`);
}

/** Says at once what the shop would find out only when everything else is there. */
async function refuseTakenPort() {
  const server = createServer().listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch (error) {
    const reason = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${error.code})`;
    throw new Error(`Port ${port} ${reason}. Set PORT to another one, or to 0 for any free one.`, {
      cause: error,
    });
  }
  server.close();
  await once(server, 'close');
}

/** Installs and builds, in a process of its own: what the rest of the demo imports may not be there yet. */
async function prepare() {
  const program = fileURLToPath(new URL('demo/prepare.mjs', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: 'inherit' });
  closers.push(() => void child.kill());
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error('The demo could not be built.');
}

/** @returns what the tour needs to know of it. */
async function startEverything(tracesToConsole) {
  const { startMemcached } = await import('./demo/memcached.mjs');
  const { startPostgres } = await import('./demo/postgres.mjs');
  const { startShop } = await import('./demo/shops.mjs');

  let databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) {
    const postgres = await started('Starting PostgreSQL (PGlite)', startPostgres, ({ address }) => address);
    databaseUrl = postgres.url;
  }
  const memcached = await started('Starting memcached', startMemcached, ({ list }) => list);

  // A prefix of its own for each run: whatever earlier runs have left on the servers is out of sight.
  const keyPrefix = `demo-${Date.now().toString(36)}:`;
  const env = {
    DATABASE_URL: databaseUrl,
    MEMCACHED_SERVERS: memcached.list,
    CACHE_PREFIX: keyPrefix,
    HOST,
    SHOP_TRACES: tracesToConsole ? 'console' : '',
  };
  const shops = [];
  const control = async ({ address, turn }) => {
    const server = memcached.embedded.find((each) => each.address === address);
    if (turn === 'stop' && server?.isRunning) await server.stop();
    if (turn === 'start' && server?.isRunning === false) await server.start();
    return {
      shops: shops.map(({ name, url }) => ({ name, url })),
      servers: memcached.embedded.map((each) => ({ address: each.address, isRunning: each.isRunning })),
    };
  };
  for (const [name, shopPort] of [
    ['shop 1', port],
    ['shop 2', 0],
  ]) {
    shops.push(
      await started(
        `Starting ${name}`,
        () => startShop({ name, port: shopPort, env, control }),
        ({ url }) => url,
      ),
    );
  }
  return { shops, embedded: memcached.embedded, keyPrefix };
}

async function started(title, start, told) {
  const running = await step(title, start, told);
  closers.push(running.close);
  return running;
}
