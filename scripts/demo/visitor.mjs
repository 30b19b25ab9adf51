/**
 * Asks one process of the shop, like a browser would.
 *
 * @returns {Promise<{ status: number, hit: boolean, content: any, ms: number }>} status 0 when there was no answer.
 */
export async function ask(shop, path, { method = 'GET', body } = {}) {
  const started = performance.now();
  try {
    const response = await fetch(shop.url + path, {
      method,
      headers: body && { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const content = await response.json();
    const hit = response.headers.get('x-cache') === 'hit';
    return { status: response.status, hit, content, ms: performance.now() - started };
  } catch (error) {
    return { status: 0, hit: false, content: String(error.cause ?? error), ms: performance.now() - started };
  }
}

/** Asks once for each item, `atOnce` at a time; the answers are in the order of the items. */
export async function askForEach(items, atOnce, work) {
  const answers = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) answers[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return answers;
}

/** Runs `work` and counts the queries that all processes of the shop ran meanwhile. */
export async function countQueries(shops, work) {
  const before = await queriesSoFar(shops);
  const result = await work();
  return { result, queries: (await queriesSoFar(shops)) - before };
}

async function queriesSoFar(shops) {
  const answers = await Promise.all(shops.map((shop) => ask(shop, '/debug/queries')));
  return answers.flatMap(({ content }) => Object.values(content)).reduce((sum, count) => sum + count, 0);
}
