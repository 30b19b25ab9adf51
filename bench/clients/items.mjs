/** What stands before the id in the keys of the workloads. */
export const KEYS = 'bench:item:';

/**
 * Reads by a method that takes an item's id, as out of a request, and makes the key itself.
 *
 * @param {{ loader: unknown }} host of the method. @param {(id: string) => Promise<unknown>} find the method.
 */
export function ofItems(host, find) {
  return (key, loader) => {
    host.loader = loader;
    return find(key.slice(KEYS.length));
  };
}
