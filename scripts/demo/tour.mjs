import { setTimeout as pause } from 'node:timers/promises';
import { heldKeys } from './held-keys.mjs';
import { heading, note } from './terminal.mjs';
import { ask, askForEach, countQueries } from './visitor.mjs';

const READ_TWICE = 17;
const READ_BY_MANY = 42;
const SOLD = 7;
const CATALOGUE_SIZE = 600;

const READERS = 50;
const BUYERS = 200;
const FIRST_STOCK = 900;

/**
 * How far a server's share of the keys may be from its share of the weight. ketama places servers by their addresses, and
 * the embedded ones have others in every run: over 1500 pairs of ports, one standard deviation was 0.034.
 */
const SHARE_TOLERANCE = 0.16;

/** How long the shop may take to notice that a server is away, or back. */
const NOTICE_MS = 15_000;

/**
 * Visits the shop, and claims nothing that it has not measured.
 *
 * @param {object} demo
 * @param {{ name: string, url: string }[]} demo.shops two processes.
 * @param {import('./memcached.mjs').EmbeddedMemcached[]} demo.embedded servers that may be stopped; none when they
 *   belong to somebody else.
 * @param {string} demo.keyPrefix
 * @param {(held: boolean, text: string) => void} demo.claim
 */
export async function takeTour(demo) {
  await readOnceAndAgain(demo);
  await changePrice(demo);
  await readByManyAtOnce(demo);
  await spreadKeys(demo);
  await sellToManyAtOnce(demo);
  await scrape(demo);
  if (demo.embedded.length > 0) await loseServer(demo);
  else note('Stopping a server is left out: these are not ours to stop.');
}

async function scrape({ shops, claim }) {
  heading('Prometheus scrapes both processes');
  for (const { name, url } of shops) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const up = [...text.matchAll(/^memcached_up\{.*\} (\d)$/gm)].map(([, value]) => value);
    const groups = new Set(
      Array.from(
        text.matchAll(/^nestjs_memcached_cache_requests_total\{.*group="([^"]+)"/gm),
        ([, group]) => group,
      ),
    );
    claim(
      up.length > 0 && up.every((value) => value === '1') && groups.size > 0,
      `${name}: ${up.length} servers up, hits and misses of ${[...groups].join(', ')}`,
    );
  }
}

async function readOnceAndAgain({ shops, claim }) {
  heading(`Product ${READ_TWICE} is read, and read again`);
  const read = async (shop) => {
    const { result, queries } = await countQueries(shops, () => ask(shop, `/products/${READ_TWICE}`));
    return { ...result, queries };
  };
  const told = ({ hit, queries, ms }) =>
    `${hit ? 'a hit' : 'a miss'}, ${counted(queries)}, ${milliseconds(ms)}`;

  const first = await read(shops[0]);
  claim(
    first.status === 200 && !first.hit && first.queries === 1,
    `first read, ${shops[0].name}: ${told(first)}`,
  );
  for (const shop of shops) {
    const again = await read(shop);
    const same = JSON.stringify(again.content) === JSON.stringify(first.content);
    claim(
      again.status === 200 && again.hit && again.queries === 0 && same,
      `read again, ${shop.name}: ${told(again)}`,
    );
  }
}

async function changePrice({ shops, claim }) {
  heading('Its price is changed');
  const path = `/products/${READ_TWICE}`;
  const { content: product } = await ask(shops[0], path);
  const search = `/products?q=${encodeURIComponent(product.name)}`;
  const searches = () => Promise.all(shops.map((shop) => ask(shop, search)));
  await searches();
  const cached = await searches();

  const priceCents = product.priceCents + 100;
  const changed = await ask(shops[0], path, { method: 'PATCH', body: { priceCents } });
  const reads = await Promise.all(shops.map((shop) => ask(shop, path)));
  const found = await searches();
  // A search answers with a list, here of this one product.
  const prices = (answers) => answers.map(({ content }) => (content[0] ?? content).priceCents);
  const told = (answers) => prices(answers).map(euros).join(' and ');
  const allTell = (answers) => prices(answers).every((price) => price === priceCents);
  claim(
    changed.status === 200 && allTell(reads),
    `from ${euros(product.priceCents)} to ${euros(priceCents)} by ${shops[0].name}: the next reads say ${told(reads)}`,
  );
  claim(
    cached.every(({ hit }) => hit) && allTell(found),
    `searches that were cached with the old price were dropped by their tag: the next ones say ${told(found)}`,
  );
}

async function readByManyAtOnce({ shops, claim }) {
  heading(`${READERS} readers at once, of a product that nobody has read yet`);
  const { result: answers, queries } = await countQueries(shops, () =>
    askForEach(Array.from({ length: READERS }), READERS, (_, index) =>
      ask(shops[index % shops.length], `/products/${READ_BY_MANY}`),
    ),
  );
  const right = answers.filter(({ status, content }) => status === 200 && content.id === READ_BY_MANY).length;
  claim(
    right === READERS && queries === 1,
    `${right} right answers from both processes, ${counted(queries)} in all`,
  );
  note(`the slowest answer took ${milliseconds(slowest(answers))}`);
}

async function spreadKeys({ shops, keyPrefix, claim }) {
  heading(`All ${CATALOGUE_SIZE} products are read, and the servers are asked what they hold`);
  const ids = Array.from({ length: CATALOGUE_SIZE }, (_, index) => index + 1);
  await askForEach(ids, 20, (id, index) => ask(shops[index % shops.length], `/products/${id}`));

  const { content: servers } = await ask(shops[0], '/cluster');
  const { content: keys } = await ask(shops[0], `/cluster/keys?ids=${ids.join()}`);
  const weights = servers.reduce((sum, { weight }) => sum + weight, 0);
  let misplaced = 0;
  let found = 0;
  for (const { server, weight } of servers) {
    const held = new Set(await heldKeys(server, keys.map(({ key }) => keyPrefix + key))); // prettier-ignore
    found += held.size;
    misplaced += keys.filter((key) => held.has(keyPrefix + key.key) !== (key.server === server)).length;
    const share = held.size / keys.length;
    const wanted = weight / weights;
    claim(
      Math.abs(share - wanted) <= SHARE_TOLERANCE,
      `${server} holds ${held.size} keys: ${percent(share)} of them, for ${percent(wanted)} of the weight`,
    );
  }
  claim(
    found === keys.length && misplaced === 0,
    `every key lies on the server that serverFor() names, and on no other`,
  );
}

async function sellToManyAtOnce({ shops, claim }) {
  heading(`${BUYERS} buyers at once, of one product`);
  const { content: stock } = await ask(shops[0], `/stock?ids=${SOLD}`);
  const missing = FIRST_STOCK - stock[SOLD];
  if (missing !== 0) {
    const [path, quantity] = [missing > 0 ? 'delivery' : 'purchase', Math.abs(missing)];
    await ask(shops[0], `/products/${SOLD}/${path}`, { method: 'POST', body: { quantity } });
  }
  const before = await bothStocks(shops[0], SOLD);

  const started = performance.now();
  const answers = await buy(shops, SOLD, BUYERS);
  const ms = performance.now() - started;
  const sold = answers.filter(({ status }) => status === 201);
  const told = new Set(sold.map(({ content }) => content.left));
  const after = await bothStocks(shops[1], SOLD);

  const all = sold.length === BUYERS;
  claim(all, `${sold.length} purchases on both processes in ${milliseconds(ms)}`);
  claim(told.size === BUYERS, `no two buyers were told the same stock: ${told.size} different answers`);
  claim(
    after.cached === FIRST_STOCK - BUYERS && after.stored === after.cached,
    `no sale was lost: ${before.stored} before, now ${after.cached} in memcached and ${after.stored} in the database`,
  );
}

async function loseServer({ shops, embedded, claim }) {
  const lost = embedded.at(-1);
  const ids = Array.from({ length: CATALOGUE_SIZE }, (_, index) => index + 1);
  const { content: keys } = await ask(shops[0], `/cluster/keys?ids=${ids.join()}`);
  const onLost = keys.filter(({ server }) => server === lost.address).map(({ id }) => id);

  heading(`The server ${lost.address} is stopped`);
  await lost.stop();
  const read = ids.slice(0, 100);
  const reads = await askForEach(read, 10, (id, index) =>
    ask(shops[index % shops.length], `/products/${id}`),
  );
  const sales = (await Promise.all(read.slice(0, 20).map((id) => buy(shops, id, 2)))).flat();
  const failed = [
    ...reads.filter(({ status }) => status !== 200),
    ...sales.filter(({ status }) => status !== 201),
  ];
  claim(
    failed.length === 0,
    `${reads.length} reads and ${sales.length} purchases: ${failed.length === 0 ? 'none' : failed.length} failed`,
  );
  note(`${reads.filter(({ hit }) => hit).length} of the reads were hits, on the server that is left`);
  note(`the slowest answer took ${milliseconds(slowest([...reads, ...sales]))}`);
  for (const failure of failed.slice(0, 3)) note(`${failure.status}: ${JSON.stringify(failure.content)}`);
  for (const shop of shops) {
    const status = await healthOnce(shop, 'degraded');
    claim(status === 'degraded', `/health of ${shop.name} says: ${status}`);
  }

  heading(`The server ${lost.address} is started again, empty`);
  await lost.start();
  for (const shop of shops) {
    const status = await healthOnce(shop, 'ok');
    claim(status === 'ok', `/health of ${shop.name} says: ${status}`);
  }
  const path = `/products/${onLost[0]}`;
  const [first, again] = [await ask(shops[0], path), await ask(shops[1], path)];
  claim(
    !first.hit && again.hit,
    `product ${onLost[0]} lies there again: ${word(first)}, then ${word(again)}`,
  );
  const stocks = await Promise.all(
    read.slice(0, 20).map(async (id) => {
      await buy(shops, id, 2);
      return bothStocks(shops[0], id);
    }),
  );
  const agreed = stocks.filter(({ cached, stored }) => cached === stored).length;
  claim(
    agreed === stocks.length,
    `memcached and database agree on the stock of ${agreed} of ${stocks.length} products`,
  );
}

function buy(shops, id, buyers) {
  return askForEach(Array.from({ length: buyers }), buyers, (_, index) =>
    ask(shops[index % shops.length], `/products/${id}/purchase`, { method: 'POST', body: { quantity: 1 } }),
  );
}

async function bothStocks(shop, id) {
  const { content } = await ask(shop, `/debug/stock/${id}`);
  return content;
}

/** Asks until the shop says so, or for as long as it may take to notice. */
async function healthOnce(shop, wanted) {
  const deadline = performance.now() + NOTICE_MS;
  for (;;) {
    const { content } = await ask(shop, '/health');
    if (content.status === wanted || performance.now() > deadline) return content.status;
    await pause(50);
  }
}

const slowest = (answers) => Math.max(...answers.map(({ ms }) => ms));
const word = ({ hit }) => (hit ? 'a hit' : 'a miss');
const counted = (queries) => (queries === 1 ? '1 query' : `${queries} queries`);
const euros = (cents) => `€${(cents / 100).toFixed(2)}`;
const milliseconds = (ms) => `${ms.toFixed(1)} ms`;
const percent = (share) => `${(share * 100).toFixed(1)} %`;
