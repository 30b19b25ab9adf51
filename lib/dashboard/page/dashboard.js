import { Charts } from './charts.js';
import { byId, element, fact, setText } from './dom.js';
import { showGroups } from './groups.js';
import { KeyForm } from './key-form.js';
import { showServers } from './servers.js';
import { bytes, count, milliseconds, rate, share, time } from './wording.js';

/** Where the page is, whatever stands before its path: this file is in `assets/` below it. */
const home = new URL('../', import.meta.url);

/** How soon it is tried again where the browser does not by itself. */
const RETRY_MS = 10_000;

const charts = new Charts();
const keyForm = new KeyForm(home, () => shown);

/** The name of the cache that is shown. */
let shown = '';
let historyMs = 0;
/** By name of the cache. */
let points = new Map();
let latest = new Map();
/** Why a cache cannot be looked at, likewise. */
const problems = new Map();

connect();
byId('instance').addEventListener('change', ({ target }) => {
  choose(target.value);
  render();
});

function connect() {
  const events = new EventSource(new URL('events', home));
  events.addEventListener('hello', ({ data }) => greet(JSON.parse(data)));
  events.addEventListener('look', ({ data }) => take(JSON.parse(data)));
  events.addEventListener('problem', ({ data }) => {
    const { instance, problem } = JSON.parse(data);
    problems.set(instance, problem);
    if (instance === shown) notice(problem);
  });
  events.addEventListener('error', () => {
    setText(byId('status'), 'no connection');
    byId('status').className = 'pill bad';
    if (events.readyState !== EventSource.CLOSED) {
      notice('The application does not answer; trying again.');
      return;
    }
    notice(
      'The application refuses to be watched: perhaps too many watch already, or you are no longer signed in.',
    );
    events.close();
    setTimeout(connect, RETRY_MS);
  });
}

/** Shows another cache: what was found in the one before is no answer about this one. */
function choose(instance) {
  shown = instance;
  keyForm.clear();
  notice(problems.get(instance) ?? '');
}

function greet({ process, evict, historyMs: kept, interval, instances }) {
  // Where nothing is kept there, the curves begin here.
  historyMs = kept || 15 * 60_000;
  problems.clear();
  points = new Map(instances.map(({ name, history }) => [name, history]));
  latest = new Map(instances.flatMap(({ name, latest: look }) => (look ? [[name, look]] : [])));
  if (!points.has(shown)) choose(instances[0].name);
  setText(byId('process'), process);
  byId('instance').replaceChildren(
    ...instances.map(({ name }) => element('option', { value: name, selected: name === shown }, name)),
  );
  byId('instance-field').hidden = instances.length < 2;
  setText(
    byId('updated'),
    `A look every ${interval / 1000} s. Curves of the time of commands begin when somebody watches.`,
  );
  keyForm.allow({ mayEvict: evict, hasOthers: instances.length > 1 });
  notice('');
  render();
}

function take(look) {
  const { instance, at, cache, latency, servers } = look;
  latest.set(instance, look);
  problems.delete(instance);
  const known = points.get(instance) ?? [];
  const point = {
    at,
    hitRatio: cache.hitRatio,
    savedPerSecond: cache.savedPerSecond,
    loadsPerSecond: cache.loadsPerSecond,
    p50: latency?.p50,
    p99: latency?.p99,
    servers: Object.fromEntries(
      servers.map(({ server, memoryBytes, rates, connections }) => [
        server,
        [memoryBytes, rates?.evictionsPerSecond, connections],
      ]),
    ),
  };
  points.set(
    instance,
    [...known, point].filter((each) => at - each.at <= historyMs),
  );
  if (instance !== shown) return;
  notice('');
  render();
}

function render() {
  const look = latest.get(shown);
  if (look === undefined) {
    showNothing();
    return;
  }
  showNow(look);
  showServers(look);
  showGroups(look);
  charts.show(
    points.get(shown) ?? [],
    look.servers.map(({ server }) => server),
  );
}

/** What was seen of another cache is nothing of this one. */
function showNothing() {
  byId('now').replaceChildren();
  byId('servers').replaceChildren();
  showGroups({ groups: [], loading: {} });
  charts.clear();
  setText(byId('status'), 'no look yet');
  byId('status').className = 'pill';
}

function showNow({ servers, cache, latency, at }) {
  const sum = (of) => servers.reduce((total, server) => total + (of(server) ?? 0), 0);
  const evictions = sum(({ rates }) => rates?.evictionsPerSecond);
  const remembersAll = servers.every(({ owed }) => owed !== 'all');
  const owed = remembersAll ? sum((server) => server.owed) : 'too many';
  const { counts } = cache;
  const saved = counts.hit + counts.stale + counts.shared;
  byId('now').replaceChildren(
    tile('Hit ratio', share(cache.hitRatio)),
    tile('Loads saved', rate(cache.savedPerSecond)),
    tile('Loads', rate(cache.loadsPerSecond)),
    tile('Saved since the start', count(saved)),
    tile('Commands, median', milliseconds(latency?.p50)),
    tile('Commands, p99', milliseconds(latency?.p99)),
    tile('Memory', bytes(sum((server) => server.memoryBytes))),
    tile('Evictions', rate(evictions)),
    tile('Loads under way', count(cache.underWay)),
    tile('Leases held', count(cache.leases)),
    tile('Invalidations owed', typeof owed === 'number' ? count(owed) : owed, owed !== 0),
  );
  byId('now').setAttribute('aria-label', `At ${time(at)}`);
}

function tile(term, figure, isAlert = false) {
  const made = fact(term, figure);
  if (isAlert) made.className = 'alert';
  return made;
}

function notice(text) {
  setText(byId('notice'), text);
  byId('notice').hidden = text === '';
}
