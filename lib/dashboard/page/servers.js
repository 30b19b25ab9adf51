import { byId, element, fact, setText } from './dom.js';
import { bytes, count, milliseconds, rate, seconds, share } from './wording.js';

/** Colours of the servers, by their place in the list; the curves have the same. */
export function seriesColour(index) {
  return `var(--series-${(index % 6) + 1})`;
}

/** What is shown of each server. */
export function showServers(look) {
  const list = byId('servers');
  // Nothing in the cards can be focused, so they are made anew.
  list.replaceChildren(...look.servers.map((server, index) => card(server, index)));
  showState(look.servers);
}

function card(server, index) {
  const isAway = server.problem !== undefined;
  const swatch = element('span', { className: 'swatch', ariaHidden: 'true' });
  swatch.style.background = seriesColour(index);
  return element(
    'li',
    { className: isAway ? 'away' : '' },
    element(
      'div',
      { className: 'head' },
      swatch,
      element('h3', {}, server.server),
      badge(server),
      element('p', { className: 'quiet' }, subtitle(server)),
    ),
    isAway ? element('p', { className: 'problem' }, reason(server)) : undefined,
    server.note === undefined ? undefined : element('p', { className: 'quiet' }, server.note),
    element(
      'dl',
      { className: 'shares' },
      shareRow('weights', server.weightShare, 'weights'),
      shareRow('keys', server.itemShare),
      shareRow('traffic', server.trafficShare),
    ),
    element(
      'dl',
      { className: 'figures' },
      fact('Memory', bytes(server.memoryBytes)),
      fact('Full', share(fullness(server))),
      fact('Items', count(server.items)),
      fact('Evictions', rate(server.rates?.evictionsPerSecond)),
      fact('Reads', rate(server.rates?.getsPerSecond)),
      fact('Writes', rate(server.rates?.setsPerSecond)),
      fact('Median', milliseconds(server.latency?.p50)),
      fact('p99', milliseconds(server.latency?.p99)),
      fact('Connections', connections(server)),
      fact('Running for', seconds(server.uptimeSeconds)),
      fact('Owed', server.owed === 'all' ? 'too many' : String(server.owed)),
    ),
  );
}

function badge({ state, problem, owed }) {
  if (problem !== undefined)
    return element('span', { className: 'pill bad' }, state === 'up' ? 'silent' : state);
  if (owed !== 0) return element('span', { className: 'pill warn' }, 'owed invalidations');
  return element('span', { className: `pill ${state === 'up' ? 'good' : 'warn'}` }, state);
}

function fullness({ memoryBytes, maxMemoryBytes }) {
  return maxMemoryBytes > 0 ? memoryBytes / maxMemoryBytes : undefined;
}

function connections({ connections, maxConnections }) {
  return connections === undefined ? count(undefined) : `${connections} / ${count(maxConnections)}`;
}

/** Why a server does not answer, without what stands beside it anyway: that it is down, and its address. */
function reason({ server, problem }) {
  const [, why = problem] = / is down \((.*)\)$/s.exec(problem) ?? [];
  return why.replaceAll(`${server}: `, '');
}

function subtitle({ weight, version, dialect }) {
  return [`weight ${weight}`, version && `memcached ${version}`, dialect && `${dialect} dialect`]
    .filter(Boolean)
    .join(' · ');
}

function shareRow(term, value, className = '') {
  // The figure beside it says the same.
  const bar = element('progress', { max: 1, value: value ?? 0, ariaHidden: 'true' });
  return element(
    'div',
    { className },
    element('dt', {}, term),
    element('dd', {}, bar),
    element('dd', {}, share(value)),
  );
}

function showState(servers) {
  const status = byId('status');
  const away = servers.filter(({ problem }) => problem !== undefined).length;
  const text =
    away === 0
      ? `all ${servers.length} answer`
      : `${away} of ${servers.length} ${away === 1 ? 'does' : 'do'} not answer`;
  setText(status, servers.length === 1 && away === 0 ? 'the server answers' : text);
  status.className = `pill ${away === 0 ? 'good' : away === servers.length ? 'bad' : 'warn'}`;
}
