/* What it costs to refuse a command when there are too many: node bench/micro/overload.mjs, after a build. */
import net from 'node:net';
import { MemcachedClient } from '../../dist/index.js';

const server = net.createServer(() => undefined).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const client = new MemcachedClient({
  servers: `127.0.0.1:${server.address().port}`,
  maxInFlight: 1000,
  commandTimeout: '1h',
  connectTimeout: '1h',
});
const count = 200_000;
let refused = 0;
const refuse = () => {
  refused += 1;
};
for (let index = 0; index < 1000; index += 1) client.get(`k${index}`).catch(() => undefined);
for (let round = 0; round < 3; round += 1) {
  const start = process.cpuUsage();
  for (let index = 0; index < count; index += 1) client.get(`k${index}`).catch(refuse);
  await new Promise(setImmediate);
  const { user, system } = process.cpuUsage(start);
  console.log(`refused ${refused}: ${((user + system) / count).toFixed(2)} µs of processor each`);
  refused = 0;
}
process.exit(0);
