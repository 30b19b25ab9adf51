/**
 * `node scripts/dashboard.mjs`: the dashboard in Chromium, on an application and three real memcached servers. Does with it
 * what people do, kills a server under it and starts it again.
 *
 * `--write` takes the pictures of docs/images. `CHROMIUM` names the browser; `chromium` on PATH without it. Ends with status
 * 1 when the page did not show what it should.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { launchChromium } from './chromium.mjs';
import { ROOT } from './command.mjs';
import { startApplication } from './dashboard/application.mjs';
import { bad, good } from './demo/terminal.mjs';
import { startServers } from './memcached.mjs';

/** How long the page may take to show something. */
const SHOW_LIMIT_MS = 20_000;

const IMAGES = join(ROOT, 'docs/images');
const isWriting = process.argv.includes('--write');

const closers = [];
try {
  const servers = await startServers(3, { args: ['-m', '64'] });
  closers.push(() => servers.stop());
  const application = await startApplication(servers.addresses);
  closers.push(() => application.close());
  const browser = await launchChromium();
  closers.push(() => browser.close());
  await visit(browser, application, servers);
} catch (error) {
  console.error(`${bad('✘')} ${error.stack}`);
  process.exitCode = 1;
} finally {
  for (const close of closers.toReversed()) await close();
}

async function visit(browser, application, servers) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, colorScheme: 'light' });
  const page = await context.newPage();
  const problems = [];
  const requests = [];
  page.on('pageerror', (error) => problems.push(error.stack));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(application.url);

  const cards = page.locator('#servers > li');
  const status = page.locator('#status');
  await shows('the servers, with shares of weights, keys and traffic', async () => {
    assert.deepEqual(await cards.locator('h3').allTextContents(), servers.addresses);
    for (const card of await cards.all()) {
      const shares = await card.locator('.shares dd:last-child').allTextContents();
      assert.equal(shares.length, 3);
      assert.ok(shares.every((share) => /^\d+\.\d %$/.test(share)));
    }
    assert.equal(await status.textContent(), 'all 3 answer');
  });
  await shows('what the cache saves, and how long commands take', async () => {
    assert.match(await tile(page, 'Hit ratio'), /^\d+\.\d %$/);
    assert.match(await tile(page, 'Loads saved'), /^[\d.k]+\/s$/);
    assert.match(await tile(page, 'Commands, median'), /^[\d.]+ ms$/);
    assert.equal(await tile(page, 'Invalidations owed'), '0');
  });
  await shows('the hottest and the slowest groups', async () => {
    const hottest = await page.locator('#hottest th').allTextContents();
    assert.ok(hottest.includes('product:*'), hottest.join());
    assert.equal((await page.locator('#slowest th').allTextContents())[0], 'report:*');
  });
  const charts = page.locator('#charts figure');
  await shows('six curves, each with its figures behind it', async () => {
    assert.equal(await charts.locator('canvas').count(), 6);
    assert.match(await charts.nth(3).locator('.chart').getAttribute('aria-label'), /^Memory: .* [kM]?B/);
  });
  await charts.nth(3).locator('summary').focus();
  await page.keyboard.press('Enter');
  await shows('the figures of a curve, opened by keyboard', async () => {
    const columns = await charts.nth(3).locator('thead th').allTextContents();
    assert.deepEqual(columns, ['At', ...servers.addresses]);
    assert.ok((await charts.nth(3).locator('tbody tr').count()) >= 2);
  });
  await page.keyboard.press('Enter');

  await page.getByLabel('Key, as the application writes it').fill('product:7');
  await page.keyboard.press('Enter');
  const found = page.locator('#found');
  await shows('where a key lives, its size and time left, and not its value', async () => {
    const text = await found.textContent();
    assert.match(text, /product:7 It is there\./);
    assert.ok(text.includes(application.serverFor('product:7')));
    assert.match(text, /Size[\d.]+ kB|Size\d+ B/);
    assert.match(text, /Time left\d+ m/);
    assert.ok(!text.includes(application.secret));
  });
  await page.getByRole('button', { name: 'Evict…' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Evict this key?' });
  await shows('a question before it evicts', async () => assert.ok(await dialog.isVisible()));
  await page.keyboard.press('Escape');
  assert.equal(await dialog.isVisible(), false);
  await page.getByRole('button', { name: 'Evict…' }).click();
  const loadsBefore = application.loadsOf('evictable');
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(application.loadsOf('evictable'), loadsBefore);
  await page.getByLabel('Key, as the application writes it').fill('evictable');
  await page.getByRole('button', { name: 'Find' }).click();
  await shows('another key', async () => assert.match(await found.textContent(), /evictable It is there/));
  await page.getByRole('button', { name: 'Evict…' }).click();
  await dialog.getByRole('button', { name: 'Evict' }).click();
  await shows('that it is evicted', async () =>
    assert.match(await found.textContent(), /evictable Evicted\./),
  );

  await shows('in which cache', async () => assert.match(await found.textContent(), /Cachedefault/));

  await page.getByLabel('Cache').selectOption('sessions');
  await shows('nothing of a key that was looked for elsewhere', async () =>
    assert.equal(await found.textContent(), ''),
  );
  await shows('another instance: its servers, and no reads', async () => {
    assert.deepEqual(await cards.locator('h3').allTextContents(), servers.addresses.slice(0, 1));
    assert.equal(await tile(page, 'Hit ratio'), '–');
    assert.equal(await status.textContent(), 'the server answers');
  });
  await page.getByLabel('Cache').selectOption('unfound');
  await shows('nothing of one cache under the name of another that has no servers, and why', async () => {
    assert.equal(await status.textContent(), 'no look yet');
    assert.equal(
      (await cards.count()) + (await charts.count()) + (await page.locator('#now > div').count()),
      0,
    );
    assert.match(await page.locator('#notice').textContent(), /found no server/);
  });
  await page.getByLabel('Cache').selectOption('default');
  await shows('the first again', async () => {
    assert.equal(await status.textContent(), 'all 3 answer');
    assert.equal(await charts.locator('canvas').count(), 6);
    assert.equal(await page.locator('#notice').isVisible(), false);
  });

  await page.getByRole('button', { name: 'Find' }).click();
  await shows('a key', async () => assert.match(await found.textContent(), /evictable It is/));
  let release;
  const late = new Promise((resolve) => (release = resolve));
  await page.route('**/evict', async (route) => {
    await late;
    await route.continue();
  });
  await page.getByRole('button', { name: 'Evict…' }).click();
  await dialog.getByRole('button', { name: 'Evict' }).click();
  await page.getByLabel('Cache').selectOption('sessions');
  const evicted = page.waitForResponse('**/evict');
  release();
  await evicted;
  await pause(300);
  assert.equal(await found.textContent(), '');
  console.log(`  ${good('✔')} nothing of an evict that another cache was chosen behind`);
  await page.unroute('**/evict');
  await page.getByLabel('Cache').selectOption('default');

  await tabOrder(page);
  if (isWriting) await picture(page, 'dashboard.png', [1180, 1180], 'light');
  if (isWriting) await picture(page, 'dashboard-dark.png', [1180, 1180], 'dark');

  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await readable(page, colorScheme);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await shows('everything on a phone, without scrolling sideways', async () => {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  });
  if (isWriting) await picture(page, 'dashboard-phone.png', [390, 1180], 'light');
  await page.setViewportSize({ width: 1180, height: 900 });

  await servers.kill(1);
  await shows('a server that has died, and why', async () => {
    assert.equal(await status.textContent(), '1 of 3 does not answer');
    assert.match(await cards.nth(1).locator('.problem').textContent(), /is down|connect/);
  });
  await application.invalidate(servers.addresses[1]);
  await shows('that it is owed invalidations', async () => {
    // Visitors invalidate, too.
    assert.match(await tile(page, 'Invalidations owed'), /^[1-9]\d*$/);
  });
  if (isWriting) await picture(page, 'dashboard-down.png', [1180, 760], 'light');
  await servers.start(1);
  await shows('that it is back, and owed nothing any more', async () => {
    assert.equal(await status.textContent(), 'all 3 answer');
    assert.equal(await tile(page, 'Invalidations owed'), '0');
  });
  assert.deepEqual(problems, []);
  const { origin } = new URL(application.url);
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(origin)),
    [],
  );
  console.log(`  ${good('✔')} no error, no warning, and no request to another host`);

  await application.close();
  await shows('that the application has gone', async () => {
    assert.equal(await status.textContent(), 'no connection');
    assert.ok(await page.locator('#notice').isVisible());
  });
}

/** What a tile of the first row says. */
async function tile(page, term) {
  return page
    .locator('#now > div', { has: page.getByText(term, { exact: true }) })
    .locator('dd')
    .textContent();
}

/** Everything that can be used is reached by the tab key, in the order in which it stands, and shows that it is. */
async function tabOrder(page) {
  await page.reload();
  await page.locator('#servers > li').first().waitFor();
  const visited = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const { activeElement: element } = document;
      if (element === document.body || element === null) return undefined;
      const { outlineStyle } = getComputedStyle(element);
      return {
        tag: element.tagName,
        label: element.ariaLabel ?? element.textContent?.trim().slice(0, 20),
        outlineStyle,
      };
    });
    if (at === undefined) break;
    visited.push(at);
  }
  assert.equal(visited[0]?.label, 'Skip to the figures');
  const tags = visited.map(({ tag }) => tag);
  for (const tag of ['A', 'SELECT', 'SUMMARY', 'DIV', 'INPUT', 'BUTTON'])
    assert.ok(tags.includes(tag), `${tag}: ${tags.join()}`);
  assert.deepEqual(
    visited.filter(({ outlineStyle }) => outlineStyle === 'none'),
    [],
  );
  console.log(`  ${good('✔')} everything by keyboard: ${visited.length} stops`);
}

/** Every text stands out from what is behind it as WCAG 2 wants it of small text. */
async function readable(page, scheme) {
  const faint = await page.evaluate(() => {
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = ([red, green, blue]) => {
      const [r, g, b] = [red, green, blue].map((channel) => {
        const share = channel / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if ((colour[3] ?? 1) === 1) return colour;
      }
      return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (walker.currentNode.textContent.trim() === '' || !element.checkVisibility()) continue;
      const [text, ground] = [channels(getComputedStyle(element).color), groundOf(element)].map(luminance);
      const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
      if (contrast < 4.5) found.push(`${element.textContent.trim().slice(0, 30)}: ${contrast.toFixed(1)}`);
    }
    return found;
  });
  assert.deepEqual(faint, []);
  console.log(`  ${good('✔')} every text readable, ${scheme}`);
}

async function picture(page, name, [width, height], colorScheme) {
  await mkdir(IMAGES, { recursive: true });
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height });
  // A look has to be drawn in these colours.
  await pause(1500);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(IMAGES, name) });
  await page.emulateMedia({ colorScheme: 'light' });
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
