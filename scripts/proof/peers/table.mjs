import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from '../../memcached.mjs';
import { startChild } from '../child.mjs';

const CALLER = new URL('caller.mjs', import.meta.url);

/** Clients of the bench, by their modules there. */
const PEERS = ['nestjs-memcached', 'memjs', 'memcached', 'memcache', 'memcache-client'];

const HEALED_MS = 5000;

/** Whoever says nothing for so long turns in circles. */
const STUCK_MS = 40_000;

/** What is done to each client's only server while 20 callers use it. */
function faultsOf(faults) {
  const injected =
    (fault) =>
    async ({ proxy }) => {
      proxy.inject(fault);
      await sleep(2000);
      proxy.heal();
    };
  return {
    'server killed, back after 400 ms': async ({ servers, proxy }) => {
      await servers.kill(0);
      await sleep(400);
      await servers.start(0);
      proxy.heal();
    },
    'server stands still for 3 s': async ({ servers }) => {
      servers.pause(0);
      await sleep(3000);
      servers.resume(0);
    },
    'replies cut short, and the connection': injected(faults.every(15, faults.truncate)),
    'one reply missing': injected(faults.every(15, faults.swallowFirst)),
    'replies said twice': injected(faults.every(15, faults.duplicate)),
    'noise among replies': injected(faults.every(15, faults.garble(Math.random))),
    'nothing comes any more': async ({ proxy }) => {
      proxy.inject(faults.blackhole);
      await sleep(2000);
      proxy.heal();
      proxy.resetAll();
    },
  };
}

/** @returns the fault table: rows by fault, a cell for each client. */
export async function peerTable({ dist, faults, progress }) {
  const lines = [];
  for (const [fault, work] of Object.entries(faultsOf(faults))) {
    progress.begin(fault);
    const cells = await Promise.all(PEERS.map((module) => tried({ dist, faults, module, work })));
    lines.push([fault, ...cells]);
  }
  const head = ['', ...PEERS];
  const written = (cells) => `| ${cells.join(' | ')} |`;
  return [written(head), written(head.map(() => '---')), ...lines.map(written)].join('\n');
}

async function tried({ dist, faults, module, work }) {
  const servers = await startServers(1);
  const [host, port] = servers.addresses[0].split(':');
  const proxy = await faults.FaultProxy.start({ host, port: Number(port) });
  const caller = await startChild(CALLER, dist, { quiet: true });
  try {
    const url = new URL(`../../../bench/clients/${module}.mjs`, import.meta.url).href;
    await caller.call('open', { module: url, servers: [proxy.address] });
    await caller.call('begin');
    await sleep(500);
    await work({ servers, proxy });
    const asked = caller.call('works').then(async (works) => {
      return { works, ...(await caller.call('end', { withinMs: HEALED_MS })) };
    });
    const over = sleep(STUCK_MS, undefined, { ref: false });
    const answered = await Promise.race([asked, over]);
    if (answered === undefined) return '**the process stands still for ever**';
    const { works, wrong, hanging } = answered;
    const { unhandled } = await caller.call('unhandled');
    const told = [];
    if (wrong > 0) told.push(`**${wrong} wrong**`);
    if (hanging > 0) told.push(`${hanging} never settle`);
    if (unhandled > 0) told.push(`${unhandled} unhandled`);
    if (!works) told.push('never works again');
    return told.join(', ') || 'well';
  } catch (error) {
    return /was ended/.test(error.message)
      ? '**the process ends**'
      : `failed: ${error.message.split('\n', 1)[0]}`;
  } finally {
    await caller.kill();
    await proxy.close();
    await servers.stop();
  }
}
