/* Our client while its metrics are kept for Prometheus. */
import { instrument } from 'nestjs-memcached/prometheus';
import { Registry } from 'prom-client';
import { open as openClient } from './nestjs-memcached.mjs';

export async function open(options) {
  const client = await openClient(options);
  instrument(client, { register: new Registry() });
  return client;
}
