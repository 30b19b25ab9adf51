/**
 * Buses as an application makes them of its own clients, whose types have to fit, on brokers that are not there: it
 * works all the same, hears that nothing can be sent, and ends by itself when it is closed.
 */
import { strict as assert } from 'node:assert';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import type { NearCacheBus } from 'nestjs-memcached';
import { createRabbitmqBus } from 'nestjs-memcached/bus/rabbitmq';
import { createRedisBus } from 'nestjs-memcached/bus/redis';
import { createClient } from 'redis';

/** Nothing listens there. */
const PORT = 1;

async function main(): Promise<void> {
  const redis = createClient({ url: `redis://127.0.0.1:${PORT}` });
  const ioredis = new Redis(PORT, '127.0.0.1', { lazyConnect: true });
  const amqp = await connect(`amqp://127.0.0.1:${PORT}?heartbeat=5`, { recovery: { waitForConnect: false } });
  amqp.on('error', () => {});
  const buses: NearCacheBus[] = [createRedisBus(redis), createRedisBus(ioredis), createRabbitmqBus(amqp)];
  const heard: string[] = [];
  const listener = {
    message: (bytes: Uint8Array) => void heard.push(Buffer.from(bytes).toString()),
    connected: () => assert.fail('no connection was there to be lost'),
  };
  const published = buses.map((bus) => {
    void bus.subscribe(listener);
    return bus.publish(Buffer.from('hello')).then(
      () => 'published',
      (error: { code: string }) => error.code,
    );
  });
  await Promise.all(buses.map((bus) => bus.close()));
  assert.deepEqual(await Promise.all(published), [
    'MEMCACHED_CONNECTION',
    'MEMCACHED_CONNECTION',
    'MEMCACHED_CLOSED',
  ]);
  assert.deepEqual(heard, []);
  await amqp.close();
  console.log('buses without brokers');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
