/**
 * `node scripts/page.mjs`: the sample's page in Chromium. Starts the demo on two real memcached servers, does with the
 * page what a visitor does, and kills a server under it.
 *
 * `CHROMIUM` names the browser; `chromium` on PATH without it. Ends with status 1 when the page did not show what it should.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { withWeights } from './check/demo.mjs';
import { launchChromium } from './chromium.mjs';
import { ROOT } from './command.mjs';
import { bad, good } from './demo/terminal.mjs';
import { startServers } from './memcached.mjs';

/** How long the page may take to show something: a server is found to be down after a few failures. */
const SHOW_LIMIT_MS = 20_000;

const OPEN = /The shop is open: (\S+) and, the other process, (\S+)\./;

const NARROW = { width: 390, height: 800 };

const closers = [];
try {
  const servers = await startServers(2);
  closers.push(() => servers.stop());
  const urls = await openShop(withWeights(servers.addresses));
  const browser = await launchChromium();
  closers.push(() => browser.close());
  // Opens meanwhile; what becomes of it is seen where it is wanted.
  const embedded = openShop('');
  embedded.catch(() => undefined);
  await visit(browser, urls, servers);
  await stopAndStart(browser, (await embedded)[0]);
} catch (error) {
  console.error(`${bad('✘')} ${error.stack}`);
  process.exitCode = 1;
} finally {
  for (const close of closers.toReversed()) await close();
}

/** Starts the demo and waits until it has taken its tour. */
async function openShop(servers) {
  const env = { ...process.env, PORT: '0', MEMCACHED_SERVERS: servers, DATABASE_URL: '' };
  const demo = spawn(process.execPath, ['scripts/demo.mjs'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(demo, 'exit');
  closers.push(async () => {
    demo.kill('SIGINT');
    await ended;
  });
  let output = '';
  const opened = new Promise((resolve) => {
    demo.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const urls = OPEN.exec(output);
      if (urls !== null) resolve(urls.slice(1));
    });
  });
  const urls = await Promise.race([opened, ended]);
  if (demo.exitCode === null) return urls;
  throw new Error(`the demo ended before the shop was open:\n${output}`);
}

async function visit(browser, [url, otherUrl], servers) {
  const { page, problems } = await open(browser, url);
  const products = page.locator('#products tr');
  const news = page.locator('#news');
  const answers = page.locator('#answers li');

  await shows('the products, their stock and where their keys lie', async () => {
    assert.ok((await products.count()) > 5);
    const stock = await products.locator('.stock').allTextContents();
    assert.ok(stock.every((left) => /^\d+$/.test(left)));
    const holders = await products.locator('.holder').allTextContents();
    assert.ok(holders.every((holder) => servers.addresses.includes(holder.trim())));
  });
  await shows('the servers with their weights, and that all is well', async () => {
    assert.deepEqual(await page.locator('#servers [data-field="name"]').allTextContents(), servers.addresses);
    assert.deepEqual(await page.locator('#servers [data-field="state"]').allTextContents(), ['up', 'up']);
    const legends = await page.locator('#servers [data-field="legend"]').allTextContents();
    assert.deepEqual(
      legends.map((legend) => /\((\d of \d)\)$/.exec(legend)?.[1]),
      ['1 of 3', '2 of 3'],
    );
    assert.equal(await page.locator('#health').textContent(), 'ok');
    assert.match(await page.locator('#process').textContent(), /shop 1/);
  });

  await shows('that the product list comes out of the process, once it has been read often', async () => {
    await search(page, '');
    assert.match(await page.locator('#near').textContent(), /^[1-9]\d* times$/);
  });

  const product = rowOf(products.first());
  await product.press('Read');
  await shows('a second read as a hit without a query', async () => {
    assert.match(await product.answer(), /^hit/);
    assert.match(await answers.first().textContent(), /^hitGET \/products\/\d+0 queries/);
  });

  const price = await product.price();
  await product.press('Raise price');
  await shows('a changed price', async () => assert.equal(await product.price(), price + 1));
  await product.press('Read');
  await shows('the read after it as a miss', async () => assert.match(await product.answer(), /^miss/));
  await product.press('Read');
  await shows('the next one as a hit, with the new price', async () => {
    assert.match(await product.answer(), /^hit/);
    assert.equal(await product.price(), price + 1);
  });

  const stock = await product.stock();
  await product.press('Buy one');
  await shows('one less in stock', async () => {
    assert.equal(await product.stock(), stock - 1);
    assert.match(await news.textContent(), new RegExp(`, ${stock - 1} left\\.$`));
  });
  await product.press('50 buyers');
  await shows('every sale of fifty buyers at once', async () => {
    const [, bought, before, now] = /^(\d+) of 50 .*In stock: (\d+) before, (\d+) now/.exec(
      await news.textContent(),
    );
    assert.deepEqual([Number(before), Number(now)], [stock - 1, stock - 1 - Number(bought)]);
    assert.equal(await product.stock(), Number(now));
  });

  const other = await open(browser, otherUrl);
  await shows('the same stock and price in the other process', async () => {
    assert.match(await other.page.locator('#process').textContent(), /shop 2/);
    const same = rowOf(other.page.locator('#products tr').first());
    assert.deepEqual([await same.stock(), await same.price()], [await product.stock(), price + 1]);
  });
  await other.page.close();

  for (const [button, wanted] of [
    ['without the cache', /^200 readers without the cache: 200 queries, \d+ ms/],
    ['with it', /^200 readers with the cache: 1 query, \d+ ms/],
  ]) {
    await page.getByRole('button', { name: button, exact: true }).click();
    await shows(`what 200 readers cost ${button}`, async () => {
      assert.match(await page.locator('#stampede').textContent(), wanted);
    });
  }
  await shows('where the other process is', async () => {
    assert.equal(new URL(await page.locator('#other').getAttribute('href')).href, new URL(otherUrl).href);
  });

  await search(page, 'lamp');
  await shows('what was searched for', async () => {
    const names = await products.locator('[data-field="name"]').allTextContents();
    assert.ok(names.length > 0 && names.every((name) => /lamp/i.test(name)));
  });
  await search(page, 'no such thing');
  await shows('that nothing was found', async () => {
    assert.deepEqual([await products.count(), await page.locator('#nothing').isVisible()], [0, true]);
    assert.equal(await news.textContent(), 'No product has "no such thing" in its name or category.');
  });
  await search(page, '');

  await page.setViewportSize(NARROW);
  await shows('everything on a narrow screen, without scrolling sideways', async () => {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    const overhanging = await page.evaluate(() =>
      Array.from(document.querySelectorAll('button, input, a'))
        .filter((each) => each.getBoundingClientRect().right > window.innerWidth)
        .map((each) => each.textContent),
    );
    assert.deepEqual(overhanging, []);
    assert.ok(
      await products
        .first()
        .getByRole('button', { name: /^50 buyers: / })
        .isVisible(),
    );
  });
  const dashboard = await open(browser, `${url}/memcached`);
  await shows('the dashboard of the shop', async () => {
    assert.equal(await dashboard.page.locator('#status').textContent(), 'all 2 answer');
    assert.equal(await dashboard.page.locator('#charts canvas').count(), 6);
  });
  assert.deepEqual(dashboard.problems, []);
  await dashboard.page.close();

  assert.deepEqual([...problems, ...other.problems], []);

  await servers.kill(0);
  await shows('a server that has died, and that the shop goes on', async () => {
    const states = await page.locator('#servers [data-field="state"]').allTextContents();
    assert.deepEqual(states, ['down', 'up']);
    assert.equal(await page.locator('#health').textContent(), 'degraded');
  });
  await page.getByRole('button', { name: 'Read all again' }).click();
  await shows('products all the same', async () => {
    assert.match(await news.textContent(), /^\d+ products read: /);
    assert.equal(await products.locator('.badge.bad').count(), 0);
  });
}

/** The servers of the demo itself can be stopped by whoever looks at the page. */
async function stopAndStart(browser, url) {
  const { page } = await open(browser, url);
  const states = page.locator('#servers [data-field="state"]');
  await page.getByRole('button', { name: 'Stop this server' }).first().click();
  await shows('a server that the visitor has stopped', async () => {
    assert.deepEqual(await states.allTextContents(), ['down', 'up']);
  });
  await page.getByRole('button', { name: 'Read all again' }).click();
  await shows('products without it', async () => {
    assert.match(await page.locator('#news').textContent(), /^\d+ products read: /);
    assert.equal(await page.locator('#products .badge.bad').count(), 0);
  });
  await page.getByRole('button', { name: 'Start it again' }).click();
  await shows('that it is back', async () => {
    assert.deepEqual(await states.allTextContents(), ['up', 'up']);
  });
}

/** Opens the page, and notes what goes wrong in it. */
async function open(browser, url) {
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.stack));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('requestfailed', (request) => problems.push(`${request.url()}: ${request.failure().errorText}`));
  await page.goto(url);
  return { page, problems };
}

/** One line of the table of products. */
function rowOf(row) {
  return {
    press: (name) => row.getByRole('button', { name: new RegExp(`^${name}: `) }).click(),
    answer: async () => (await row.locator('.answer').textContent()).trim(),
    price: async () => Number((await row.locator('.price').textContent()).replaceAll(/[^\d.]/g, '')),
    stock: async () => Number(await row.locator('.stock').textContent()),
  };
}

async function search(page, words) {
  await page.getByRole('searchbox', { name: 'Search' }).fill(words);
  await page.getByRole('button', { name: 'Search', exact: true }).click();
}

/** Waits until the page shows something. */
async function shows(what, check) {
  const deadline = performance.now() + SHOW_LIMIT_MS;
  for (;;) {
    try {
      await check();
      console.log(`  ${good('✔')} ${what}`);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`the page does not show ${what}`, { cause: error });
    }
    await pause(50);
  }
}
