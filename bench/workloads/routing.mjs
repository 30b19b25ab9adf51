import { makeData } from '../measure/data.mjs';
import { timeSlices } from '../measure/slices.mjs';

/** Which server a key belongs to; asks no server. */
export async function measureRouting({ distribution, count }, budget, from = 'nestjs-memcached') {
  const { MemcachedClient } = await import(from);
  const servers = Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}:11211`);
  const client = new MemcachedClient({ servers, distribution });
  const { keys } = makeData(1000, 'text', 1);
  const chosen = new Set(keys.map((key) => client.serverFor(key)));
  if (chosen.size < count / 2) throw new Error(`1,000 keys went to only ${chosen.size} of ${count} servers`);
  return { nanos: timeSlices(budget, keys.length, (index) => client.serverFor(keys[index])) };
}
