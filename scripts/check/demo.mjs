import { run } from '../command.mjs';
import { startServers } from '../memcached.mjs';

const LIMIT_MINUTES = 5;

/** The demo's tour on its own two embedded servers; fails unless every claim held. */
export function demoOnEmbeddedServers() {
  return demo({});
}

/** The demo's tour on two real memcached processes, with weights 1 and 2. */
export async function demoOnRealServers() {
  const servers = await startServers(2);
  try {
    return await demo({ MEMCACHED_SERVERS: withWeights(servers.addresses) });
  } finally {
    await servers.stop();
  }
}

/** Servers with weights 1, 2, …, as the demo takes them. */
export function withWeights(addresses) {
  return addresses.map((address, index) => `${address}=${index + 1}`).join();
}

function demo(env) {
  return run(process.execPath, ['scripts/demo.mjs', '--exit'], {
    env: { PORT: '0', MEMCACHED_SERVERS: '', DATABASE_URL: '', ...env },
    limitMinutes: LIMIT_MINUTES,
  });
}
