/**
 * An application whose broker is away at its start, is cut off, silent and reset in turn, with a bus that nobody looks after.
 * Arguments: broker, client, port. It has to end by itself, with status 0: what is not caught, and what stays open, shows.
 */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { blackhole, FaultProxy, truncate } from '../../../lib/testing/fault-proxy.js';
import { BROKER_CLIENTS } from '../support/bus-clients.js';
import { BusEar } from '../support/bus-ear.js';

const [broker, kind, port] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();

const proxy = await FaultProxy.start({ host: '127.0.0.1', port: Number(port) });
await proxy.down();
const client = await BROKER_CLIENTS[broker as 'Redis'][kind](proxy.port);
const bus = client.bus();
const ear = new BusEar();
const subscribed = bus.subscribe(ear);

/** Messages as an application's invalidations bring them, whatever the broker does. */
let isOver = false;
let count = 0;
const talking = (async () => {
  while (!isOver) {
    count += 1;
    void bus.publish(Buffer.from(`message ${count}`)).catch(() => undefined);
    await wait(2);
  }
})();

await wait(50);
await proxy.up();
await subscribed;
for (const fault of ['reset', 'cut', 'truncate', 'down', 'silent'] as const) {
  if (fault === 'reset') proxy.resetAll();
  if (fault === 'cut') proxy.cutAll();
  if (fault === 'truncate') proxy.inject(truncate);
  if (fault === 'down') await proxy.down();
  if (fault === 'silent') proxy.inject(blackhole);
  await ear.knows(false);
  if (fault === 'down') await proxy.up();
  proxy.heal();
  await ear.knows(true);
}
isOver = true;
await talking;
for (let last = ''; !ear.heard.includes(last); await wait(20)) {
  count += 1;
  last = `message ${count}`;
  void bus.publish(Buffer.from(last)).catch(() => undefined);
  await wait(20);
}
process.stdout.write('heard in the end\n');
await bus.close();
await client.close();
await proxy.close();
process.stdout.write('closed\n');
