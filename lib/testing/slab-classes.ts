/** Largest chunk; bigger items are spread over several chunks of the last class. */
export const LARGEST_CHUNK_BYTES = 512 * 1024;

/** Size of memcached's page, which chunks of one class are cut from. */
export const PAGE_BYTES = 1024 * 1024;

/** Chunk sizes of memcached's slab classes 1, 2, 3 …: a quarter more each time, rounded up to 8 bytes. */
export const CHUNK_BYTES: readonly number[] = chunkSizes();

/** The slab class an item of that size lands in, counted from 1, as `me` and `stats items` name it. */
export function slabClassOf(itemBytes: number): number {
  let low = 0;
  let high = CHUNK_BYTES.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (CHUNK_BYTES[middle] >= itemBytes) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

function chunkSizes(): number[] {
  const sizes: number[] = [];
  for (let size = 96; size <= LARGEST_CHUNK_BYTES / 1.25; size *= 1.25) {
    size = Math.ceil(Math.floor(size) / 8) * 8;
    sizes.push(size);
  }
  sizes.push(LARGEST_CHUNK_BYTES);
  return sizes;
}
