import { MemcachedClient } from '../../../lib/index.js';

export async function tour(servers: string): Promise<void> {
  // The same servers, weights and rule as python-memcached's; every client of the fleet finds every key.
  const client = new MemcachedClient({ servers, distribution: 'python-memcached' });

  await client.set('greeting', { hello: 'world' }, { ttl: '5m' });
  await client.get('greeting'); // { hello: 'world' }, or undefined on a miss
  client.serverFor('greeting'); // '10.0.0.2:11211', without asking the network

  await client.set('product_count', 900);
  const item = await client.gets<number>('product_count');
  if (item) await client.cas('product_count', item.value - 1, item.cas); // 'stored', 'exists' or 'not-found'

  await client.setMany({ a: 1, b: 2 });
  const many = await client.getMany(['a', 'b', 'c']); // Map { 'a' => 1, 'b' => 2 }
  for (const { server, error } of many.failures) console.warn(server, error); // the other servers' hits are there

  await client.incr('visits', 1, { initial: 1, ttl: '1d' });
  await client.stats(); // by server, typed
  await client.close();
}
