/** Most keys of one call that are under way at a time: each has its deadline from when its turn comes. */
const WINDOW = 1024;

/** Does something for each of many items, so many at a time that their number does not matter. @returns the results in order. */
export async function forEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  if (items.length <= WINDOW) return Promise.all(items.map(work));
  const results = Array.from<R>({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, worker));
  return results;
}

/** What came of all. @throws what the first of those that failed did. */
export function valuesOf(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
