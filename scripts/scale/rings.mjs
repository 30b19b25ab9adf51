import { once } from 'node:events';
import { EventLoopDelay } from '../proof/event-loop.mjs';

const KEYS = 20_000;

/** What the arrangement of a thousand servers costs, and which keys move when the list changes. */
export async function rings({ MemcachedClient }, types, count) {
  const servers = Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}:11211`);
  const keys = Array.from({ length: KEYS }, (_, index) => `key:${index}`);
  const rows = [];
  for (const distribution of types) {
    const built = process.cpuUsage();
    const client = new MemcachedClient({ servers, distribution });
    const before = keys.map((key) => client.serverFor(key));
    const buildMs = millisecondsSince(built);
    const delay = new EventLoopDelay();
    const changed = process.cpuUsage();
    const isChanged = once(client, 'servers');
    client.setServers(servers.slice(1));
    await isChanged;
    const changeMs = millisecondsSince(changed);
    const { maxMs } = delay.end();
    const after = keys.map((key) => client.serverFor(key));
    const moved = keys.filter((_, index) => after[index] !== before[index]).length;
    await client.close();
    rows.push({
      distribution,
      'the first list, and 20,000 look-ups': `${buildMs.toFixed(0)} ms`,
      'another list': `${changeMs.toFixed(0)} ms`,
      'longest turn of the event loop': `${maxMs.toFixed(0)} ms`,
      'keys that move as one server goes': `${((100 * moved) / KEYS).toFixed(2)} %`,
    });
  }
  return rows;
}

function millisecondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
