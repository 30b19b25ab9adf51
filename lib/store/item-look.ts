import { isHitForMiss, type CacheEntry, type TagVersion } from '../cache/store.js';
import type { MemcachedClient } from '../client/client.js';
import type { Codec } from '../client/codec/codec.js';
import type { CommandOptions } from '../client/command-options.js';
import type { ItemFacts } from '../client/item-looks.js';
import { UnsupportedError } from '../errors.js';
import { lookAtTag } from './client-tags.js';
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

/** What the bytes of an item say besides its value. */
export interface ItemNote {
  /** Whether it is the mark of a load that left no value. */
  readonly isMark: boolean;
  /** The tags that its value bears. */
  readonly tags: readonly TagVersion[];
}

/** What one server says of the item of a value, without the value. */
export function lookAt(
  client: MemcachedClient,
  key: string,
  server: string,
  options?: CommandOptions,
): Promise<ItemFacts<ItemNote>> {
  const name = itemKey(key);
  return client.looks.at(server, name, options, (data, flags) => {
    const entry = ENTRIES.decode(data, flags, name) as CacheEntry | undefined;
    return { isMark: isHitForMiss(entry), tags: entry?.tags ?? [] };
  });
}

/** What has become of the tags of a value since it was stored; `unknown` where one of them cannot be asked for. */
export async function sinceStored(
  client: MemcachedClient,
  tags: readonly TagVersion[],
): Promise<'unchanged' | 'stale' | 'invalidated' | 'unknown'> {
  const looks = await Promise.allSettled(tags.map(({ tag }) => lookAtTag(client, tag)));
  const states = new Set(
    looks.map((look, index) => {
      if (look.status === 'rejected') return 'unknown';
      const { version } = tags[index];
      if (look.value?.version === version) return 'unchanged';
      return look.value?.staleVersion === version ? 'stale' : 'invalidated';
    }),
  );
  return (['invalidated', 'unknown', 'stale'] as const).find((state) => states.has(state)) ?? 'unchanged';
}

/** The server that takes commands for a key now: its own, unless that is away and failover is `next`. */
export function answeringFor(client: MemcachedClient, key: string): string | undefined {
  return client.looks.answering(itemKey(key));
}
