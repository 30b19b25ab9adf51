import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../../lib/cache/clock.js';
import type { MemcachedCacheOptions } from '../../../lib/options/cache-options.js';
import type { MemcachedClientOptions } from '../../../lib/options/client-options.js';
import { LocalBroker } from '../../cache/support/local-bus.js';
import { MAX_AGE_MS, type Member, type Members } from './members.js';

/** The options of those that are on a bus. */
export function onBus(broker: LocalBroker): MemcachedCacheOptions {
  return { near: { maxAge: MAX_AGE_MS, maxAgeWithBus: '20s', bus: broker.connect() } };
}

/** Waits until a reader has heard all that the only other process on its bus has said by now: two messages later it has. */
export async function heardAll({ cache }: Member): Promise<void> {
  const heard = (): number => cache.near!.bus!.heard;
  for (const before = heard(); heard() < before + 2;) await wait(1);
}

/** Starts one that reads and one that writes, each by a way of its own to the servers, and both on one bus, which is relied on. */
export async function startOnBus(
  members: Members,
  readerServers: string,
  writerServers: string,
  writerOptions: MemcachedClientOptions = {},
): Promise<[reader: Member, writer: Member]> {
  const broker = new LocalBroker(systemClock);
  const reader = members.start(readerServers, onBus(broker));
  const writer = members.start(writerServers, onBus(broker), writerOptions);
  await writer.client.connect();
  while (![reader, writer].every(({ cache }) => cache.near?.bus?.trusted === true)) await wait(10);
  return [reader, writer];
}
