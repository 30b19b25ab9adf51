/* A process whose system time is set forward and back while it works; see stepped-clock.spec.ts. */
const real = Date.now;
let steppedMs = 0;
Date.now = () => real() + steppedMs;

const [libDir, servers, protocol] = process.argv.slice(2);
const { MemcachedClient } = await import(`${libDir}/client/client.js`);
const { CacheEngine } = await import(`${libDir}/cache/cache-engine.js`);
const { ClientStore } = await import(`${libDir}/store/client-store.js`);

const HOUR_MS = 60 * 60 * 1000;

const client = new MemcachedClient({ servers, protocol, commandTimeout: '20s', connectTimeout: '20s' });
const cache = new CacheEngine(new ClientStore(client));
let loads = 0;
const load = () => {
  loads += 1;
  return Promise.resolve(`load ${loads}`);
};
/** Everything that has something to do with time: how each call ended, and how often was loaded. */
async function useAll(name) {
  const policy = { ttl: '10m', grace: '10m' };
  const before = loads;
  const values = [
    await cache.getOrSet('kept', load, policy),
    await cache.getOrSet('kept', load, policy),
    await cache.getOrSet(`new ${name}`, load, { ttl: '90d' }),
    await cache.getOrSet(`new ${name}`, load, { ttl: '90d' }),
    await cache.getOrSet('tagged', load, { ...policy, tags: ['t'] }),
  ];
  await client.set('plain', name, { ttl: '5m' });
  const plain = await client.get('plain');
  await cache.invalidate('soft', { soft: '1m' });
  return { name, loads: loads - before, values: values.length, plain, state: client.topology()[0].state };
}

const steps = [await useAll('start')];
for (const [name, step] of [
  ['an hour on', HOUR_MS],
  ['an hour back', -HOUR_MS],
  ['a day on', 24 * HOUR_MS],
  ['a day back', -24 * HOUR_MS],
]) {
  steppedMs = step;
  steps.push(await useAll(name));
}
steppedMs = 0;
steps.push(await useAll('right again'));
await client.close();
process.stdout.write(JSON.stringify(steps));
