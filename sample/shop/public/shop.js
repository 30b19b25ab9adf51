/** How many products the shop has; the share of keys is taken over all of them. */
const CATALOGUE_SIZE = 600;
const REFRESH_MS = 1500;
const ANSWERS_SHOWN = 12;

const element = (id) => document.getElementById(id);
const field = (root, name) => root.querySelector(`[data-field="${name}"]`);
const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
const percent = new Intl.NumberFormat('en', { style: 'percent' });

/** Addresses of the servers, in the order that gives them their colours. */
let servers = [];

/** The table's rows by product. */
const rows = new Map();

/** Asks the shop, and reads from the answer's headers what it cost. */
async function ask(path, { method = 'GET', body } = {}) {
  const started = performance.now();
  const response = await fetch(path, {
    method,
    cache: 'no-store',
    headers: body && { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const content = await response.json();
  const timing = response.headers.get('server-timing') ?? '';
  element('process').textContent = response.headers.get('x-served-by') ?? '?';
  return {
    path,
    method,
    ok: response.ok,
    content,
    cache: response.headers.get('x-cache'),
    queries: Number(/queries: (\d+)/.exec(timing)?.[1] ?? 0),
    shopMs: Number(/total;dur=([\d.]+)/.exec(timing)?.[1] ?? 0),
    tripMs: performance.now() - started,
  };
}

function badge(text, kind) {
  const span = document.createElement('span');
  span.className = `badge ${kind}`;
  span.textContent = text;
  return span;
}

function outcome(answer) {
  if (!answer.ok) return badge('refused', 'bad');
  if (answer.cache === 'hit') return badge('hit', 'good');
  return answer.cache === 'miss' ? badge('miss', 'warn') : badge('written', '');
}

function cost({ queries, shopMs, tripMs }) {
  const counted = queries === 1 ? '1 query' : `${queries} queries`;
  return `${counted} · ${shopMs.toFixed(1)} ms in the shop · ${tripMs.toFixed(1)} ms in all`;
}

function log(answer) {
  const line = document.createElement('li');
  const request = document.createElement('code');
  request.textContent = `${answer.method} ${answer.path}`;
  const figures = document.createElement('span');
  figures.textContent = cost(answer);
  line.append(outcome(answer), request, figures);
  element('answers').prepend(line);
  while (element('answers').children.length > ANSWERS_SHOWN) element('answers').lastChild.remove();
}

function tell(text) {
  element('news').textContent = text;
}

function paintServer(node, address) {
  node.textContent = address;
  const index = servers.indexOf(address);
  if (index >= 0) node.dataset.server = index % 4;
}

function showProduct(row, { name, category, priceCents }) {
  field(row, 'name').textContent = name;
  field(row, 'category').textContent = category;
  field(row, 'price').textContent = euros.format(priceCents / 100);
}

function showStock(row, left) {
  const cell = field(row, 'stock');
  if (cell.textContent === String(left)) return;
  const known = cell.textContent !== '…';
  cell.textContent = left;
  cell.classList.remove('changed');
  void cell.offsetWidth; // Starts the animation anew.
  if (known) cell.classList.add('changed');
}

async function read(id) {
  const row = rows.get(id);
  const answer = await ask(`/products/${id}`);
  log(answer);
  if (answer.ok) showProduct(row, answer.content);
  const milliseconds = document.createTextNode(` ${answer.shopMs.toFixed(1)} ms`);
  field(row, 'answer').replaceChildren(outcome(answer), milliseconds);
  return answer;
}

async function buy(id) {
  const answer = await ask(`/products/${id}/purchase`, { method: 'POST', body: { quantity: 1 } });
  if (answer.ok) showStock(rows.get(id), answer.content.left);
  return answer;
}

const actions = {
  async read(id) {
    await read(id);
  },

  async reprice(id) {
    const { content } = await ask(`/products/${id}`);
    const answer = await ask(`/products/${id}`, {
      method: 'PATCH',
      body: { priceCents: content.priceCents + 100 },
    });
    log(answer);
    tell('The price was changed and the cached answers were evicted: the next read is a miss.');
    if (answer.ok) showProduct(rows.get(id), answer.content);
  },

  async buy(id) {
    const answer = await buy(id);
    log(answer);
    tell(
      answer.ok ? `Bought: ${answer.content.product}, ${answer.content.left} left.` : answer.content.message,
    );
  },

  async rush(id) {
    const before = Number(field(rows.get(id), 'stock').textContent);
    const answers = await Promise.all(Array.from({ length: 50 }, () => buy(id)));
    const bought = answers.filter(({ ok }) => ok).length;
    await refreshStock();
    const after = Number(field(rows.get(id), 'stock').textContent);
    log(answers.at(-1));
    tell(`${bought} of 50 buyers at once got one. In stock: ${before} before, ${after} now.`);
  },
};

/** 200 readers of one product that is in no cache, inside of the shop: what a browser queues does not count. */
async function stampede(cached) {
  const [id] = rows.keys();
  const answer = await ask(`/products/${id ?? 1}/stampede`, { method: 'POST', body: { cached } });
  log(answer);
  const { queries, shopMs } = answer;
  element('stampede').textContent = answer.ok
    ? `${answer.content.readers} readers ${cached ? 'with' : 'without'} the cache: ${queries === 1 ? '1 query' : `${queries} queries`}, ${shopMs.toFixed(0)} ms for all of them.`
    : 'The shop did not answer.';
}

/** What the demo can do beside the shop: the other process, and servers to stop. Nobody is there in a shop of one's own. */
let demo;

async function findDemo() {
  const response = await fetch('/demo', { cache: 'no-store' });
  if (!response.ok) return;
  demo = await response.json();
  const here = demo.shops.find(({ url }) => new URL(url).port === location.port);
  const other = demo.shops.find((shop) => shop !== here);
  element('others').hidden = other === undefined;
  if (other !== undefined) {
    element('other').textContent = other.name;
    element('other').href = other.url;
  }
  element('try-stop').hidden = demo.servers.length === 0;
}

/** Stops a server of the demo, or starts it again where it was, without what it held. */
async function turn(server, to) {
  const response = await fetch(`/demo/servers/${encodeURIComponent(server)}/${to}`, {
    method: 'POST',
    headers: { 'x-demo': 'yes' },
  });
  demo = await response.json();
  tell(
    to === 'stop'
      ? `${server} was stopped: its keys are read from the database until it is back.`
      : `${server} was started again, empty.`,
  );
  await refreshServers();
}

async function search(words) {
  const answer = await ask(`/products?q=${encodeURIComponent(words)}`);
  log(answer);
  rows.clear();
  for (const product of answer.content) {
    const row = element('product').content.firstElementChild.cloneNode(true);
    showProduct(row, product);
    for (const button of row.querySelectorAll('[data-action]')) {
      button.setAttribute('aria-label', `${button.textContent}: ${product.name}`);
      button.addEventListener('click', async () => {
        button.disabled = true;
        try {
          await actions[button.dataset.action](product.id);
        } catch (error) {
          tell(`The shop did not answer: ${error.message}`);
        } finally {
          button.disabled = false;
        }
      });
    }
    rows.set(product.id, row);
  }
  element('products').replaceChildren(...rows.values());
  element('nothing').hidden = rows.size > 0;
  if (rows.size === 0) {
    tell(`No product has "${words}" in its name or category.`);
    return;
  }
  await Promise.all([refreshStock(), refreshKeys(), readAll()]);
}

async function readAll() {
  const answers = await Promise.all([...rows.keys()].map(read));
  const hits = answers.filter(({ cache }) => cache === 'hit').length;
  tell(`${answers.length} products read: ${hits} hits, ${answers.length - hits} misses.`);
}

async function refreshStock() {
  if (rows.size === 0) return;
  const { content } = await ask(`/stock?ids=${[...rows.keys()].join()}`);
  // Another search may have changed the table meanwhile.
  for (const [id, row] of rows) if (id in content) showStock(row, content[id]);
}

async function refreshKeys() {
  const { content } = await ask(`/cluster/keys?ids=${[...rows.keys()].join()}`);
  for (const { id, key, server } of content) {
    if (!rows.has(id)) continue;
    const cell = field(rows.get(id), 'server');
    paintServer(cell, server);
    cell.title = `key ${key}`;
  }
}

async function refreshServers() {
  const { content: report } = await ask('/cluster/report');
  const nodes = report.servers;
  element('near').textContent = `${report.near.hits} times`;
  servers = nodes.map(({ server }) => server);
  const everyId = Array.from({ length: CATALOGUE_SIZE }, (_, index) => index + 1);
  const { content: keys } = await ask(`/cluster/keys?ids=${everyId.join()}`);
  const weights = nodes.reduce((sum, { weight }) => sum + weight, 0);
  const items = nodes.map((node, index) => {
    const { server, weight, state } = node;
    const item = element('server').content.firstElementChild.cloneNode(true);
    const share = keys.filter((key) => key.server === server).length / keys.length;
    item.dataset.server = index % 4;
    paintServer(field(item, 'name'), server);
    field(item, 'state').textContent = state;
    field(item, 'state').classList.add({ up: 'good', suspect: 'warn', down: 'bad' }[state]);
    field(item, 'share').style.width = `${share * 100}%`;
    field(item, 'weight').style.left = `${(weight / weights) * 100}%`;
    field(item, 'legend').textContent =
      `${percent.format(share)} of the shop's ${CATALOGUE_SIZE} product keys belong here, by ${percent.format(weight / weights)} of the weight (${weight} of ${weights})`;
    field(item, 'figures').textContent = figures(node);
    showControl(item, server);
    return item;
  });
  element('servers').replaceChildren(...items);
}

function showControl(item, server) {
  const known = demo?.servers.find(({ address }) => address === server);
  field(item, 'control').hidden = known === undefined;
  if (known === undefined) return;
  const to = known.isRunning ? 'stop' : 'start';
  field(item, 'turn').textContent = known.isRunning ? 'Stop this server' : 'Start it again';
  field(item, 'turn').addEventListener('click', (event) => {
    event.currentTarget.disabled = true;
    void turn(server, to);
  });
}

/** What the server itself and our own requests to it tell; nothing while it does not answer. */
function figures({ problem, hitRatio, recentHitRatio, items, evictions, latency }) {
  if (problem !== undefined) return 'does not answer';
  const ratio = recentHitRatio ?? hitRatio;
  return [
    ratio === undefined
      ? 'no reads yet'
      : `${percent.format(ratio)} hits ${recentHitRatio === undefined ? 'in all' : 'of late'}`,
    `${items} items held now, of whatever was read`,
    `${evictions} evicted`,
    latency === undefined ? '' : `99 of 100 answers within ${latency.p99.toFixed(1)} ms`,
  ]
    .filter(Boolean)
    .join(' · ');
}

async function refreshHealth() {
  const { content } = await ask('/health');
  const kind = { ok: 'good', degraded: 'warn' }[content.status] ?? 'bad';
  element('health').textContent = content.status;
  element('health').className = `badge ${kind}`;
}

/** Keeps what changes without us up to date, and asks for nothing while nobody looks. */
async function refresh() {
  try {
    if (!document.hidden) await Promise.all([refreshStock(), refreshServers(), refreshHealth()]);
  } catch {
    element('health').textContent = 'no answer';
    element('health').className = 'badge bad';
  }
  setTimeout(() => void refresh(), REFRESH_MS);
}

element('search').addEventListener('submit', (event) => {
  event.preventDefault();
  void search(element('words').value);
});
element('read-all').addEventListener('click', () => void readAll());
for (const [id, cached] of [
  ['rush-plain', false],
  ['rush-cached', true],
]) {
  const button = element(id);
  button.addEventListener('click', () => {
    button.disabled = true;
    void stampede(cached).finally(() => (button.disabled = false));
  });
}

await findDemo();

await refreshServers();
await search('');
await refresh();
