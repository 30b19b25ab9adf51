import { type Item, itemBytes, valueBytes } from './item.js';
import type { ServerState, Stats } from './server-state.js';
import { CHUNK_BYTES, PAGE_BYTES, slabClassOf } from './slab-classes.js';

/** `stats items`: per slab class that has items; all of them count as cold. */
export function* itemsStats({ store, settings }: ServerState): Stats {
  const now = settings.now();
  for (const [slabClass, items] of bySlabClass(store.living())) {
    const oldest = Math.min(...items.map((item) => item.accessedAt));
    const prefix = `items:${slabClass}:`;
    yield [`${prefix}number`, items.length];
    yield [`${prefix}number_hot`, 0];
    yield [`${prefix}number_warm`, 0];
    yield [`${prefix}number_cold`, items.length];
    yield [`${prefix}age_hot`, 0];
    yield [`${prefix}age_warm`, 0];
    yield [`${prefix}age`, Math.floor((now - oldest) / 1000)];
    yield [`${prefix}mem_requested`, items.reduce((sum, item) => sum + bytesOf(item), 0)];
    for (const name of ITEM_ZEROS) yield [prefix + name, 0];
  }
}

/** `stats slabs`: as if every class had as many pages as its items fill. */
export function* slabsStats({ store }: ServerState): Stats {
  const classes = bySlabClass(store.living());
  let pages = 0;
  for (const [slabClass, items] of classes) {
    const chunkBytes = CHUNK_BYTES[slabClass - 1];
    const perPage = Math.floor(PAGE_BYTES / chunkBytes);
    const used = items.reduce((sum, item) => sum + Math.ceil(bytesOf(item) / chunkBytes), 0);
    const classPages = Math.ceil(used / perPage);
    pages += classPages;
    yield [`${slabClass}:chunk_size`, chunkBytes];
    yield [`${slabClass}:chunks_per_page`, perPage];
    yield [`${slabClass}:total_pages`, classPages];
    yield [`${slabClass}:total_chunks`, classPages * perPage];
    yield [`${slabClass}:used_chunks`, used];
    yield [`${slabClass}:free_chunks`, classPages * perPage - used];
    for (const name of SLAB_ZEROS) yield [`${slabClass}:${name}`, 0];
  }
  yield ['active_slabs', classes.size];
  yield ['total_malloced', pages * PAGE_BYTES];
}

/** `stats sizes`: how many items there are per 32 bytes of size, once that was switched on. */
export function* sizesStats({ store, sizesEnabled }: ServerState): Stats {
  if (!sizesEnabled) {
    yield ['sizes_status', 'disabled'];
    return;
  }
  const counts = new Map<number, number>();
  for (const item of store.living()) {
    const bucket = Math.ceil(bytesOf(item) / 32) * 32;
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) yield [String(bucket), count];
}

function bySlabClass(items: readonly Item[]): Map<number, Item[]> {
  const classes = new Map<number, Item[]>();
  for (const item of items) {
    const slabClass = slabClassOf(bytesOf(item));
    const others = classes.get(slabClass);
    if (others === undefined) classes.set(slabClass, [item]);
    else others.push(item);
  }
  return new Map([...classes].sort(([a], [b]) => a - b));
}

function bytesOf(item: Item): number {
  return itemBytes(item.key, item.flags, valueBytes(item));
}

const ITEM_ZEROS = [
  'evicted',
  'evicted_nonzero',
  'evicted_time',
  'outofmemory',
  'tailrepairs',
  'reclaimed',
  'expired_unfetched',
  'evicted_unfetched',
  'evicted_active',
  'crawler_reclaimed',
  'crawler_items_checked',
  'lrutail_reflocked',
  'moves_to_cold',
  'moves_to_warm',
  'moves_within_lru',
  'direct_reclaims',
  'hits_to_hot',
  'hits_to_warm',
  'hits_to_cold',
  'hits_to_temp',
];

const SLAB_ZEROS = [
  'free_chunks_end',
  'get_hits',
  'cmd_set',
  'delete_hits',
  'incr_hits',
  'decr_hits',
  'cas_hits',
  'cas_badval',
  'touch_hits',
];
