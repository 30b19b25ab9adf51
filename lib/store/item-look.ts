import { isHitForMiss, type CacheEntry } from '../cache/store.js';
import type { MemcachedClient } from '../client/client.js';
import type { Codec } from '../client/codec/codec.js';
import type { CommandOptions } from '../client/command-options.js';
import type { ItemFacts } from '../client/item-looks.js';
import { UnsupportedError } from '../errors.js';
import { EntryCodec } from './entry-codec.js';
import { itemKey } from './item-keys.js';

/** Leaves values unread. */
const UNREAD: Codec = {
  encode: () => {
    throw new UnsupportedError('looks store nothing');
  },
  decode: () => undefined,
};

const ENTRIES = new EntryCodec(UNREAD);

/** What one server says of the item of a value, without the value; `note.isMark` where it is the mark of a load that left none. */
export function lookAt(
  client: MemcachedClient,
  key: string,
  server: string,
  options?: CommandOptions,
): Promise<ItemFacts<{ readonly isMark: boolean }>> {
  const name = itemKey(key);
  return client.looks.at(server, name, options, (data, flags) => ({
    isMark: isHitForMiss(ENTRIES.decode(data, flags, name) as CacheEntry | undefined),
  }));
}

/** The server that takes commands for a key now: its own, unless that is away and failover is `next`. */
export function answeringFor(client: MemcachedClient, key: string): string | undefined {
  return client.looks.answering(itemKey(key));
}
