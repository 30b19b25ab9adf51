import type { CommonDistributionOptions } from '../../options/distribution-options.js';

/** @returns what to take of a key, or undefined when it is always the whole of it. */
export function partThatCounts({
  hashTag,
  unhashedPrefix,
}: CommonDistributionOptions): ((key: string) => string) | undefined {
  if (unhashedPrefix === undefined) return hashTag === undefined ? undefined : (key) => tagOf(key, hashTag);
  const bare = (key: string): string =>
    key.startsWith(unhashedPrefix) ? key.slice(unhashedPrefix.length) : key;
  return hashTag === undefined ? bare : (key) => tagOf(bare(key), hashTag);
}

/** What stands between the first opening mark and the first closing one after it; all of the key when that is nothing. */
function tagOf(key: string, hashTag: string): string {
  const open = key.indexOf(hashTag[0]);
  if (open === -1) return key;
  const close = key.indexOf(hashTag[1], open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
