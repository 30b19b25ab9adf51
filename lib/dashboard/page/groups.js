import { byId, element } from './dom.js';
import { count, milliseconds, share } from './wording.js';

const MOST = 10;

/** The groups that are read most, and those that take longest to compute. */
export function showGroups({ groups, loading }) {
  const readsOf = ({ hits, misses, stale }) => hits + misses + stale;
  const hottest = groups.filter((group) => readsOf(group) > 0).toSorted((a, b) => readsOf(b) - readsOf(a));
  const meanOf = ({ loads, loadMs }) => (loads === 0 ? 0 : loadMs / loads);
  const loadingOf = (group) => (Object.hasOwn(loading, group) ? loading[group] : 0);
  const slowest = groups
    .filter(({ group, loads }) => loads > 0 || loadingOf(group) > 0)
    .toSorted((a, b) => meanOf(b) - meanOf(a));
  fill('hottest', 4, hottest, (group) => [
    group.group,
    count(readsOf(group)),
    share((group.hits + group.stale) / readsOf(group)),
    count(group.stale),
  ]);
  fill('slowest', 6, slowest, (group) => [
    group.group,
    count(group.loads),
    milliseconds(group.loads === 0 ? undefined : meanOf(group)),
    milliseconds(group.loads === 0 ? undefined : group.slowestMs),
    count(group.failures),
    count(loadingOf(group.group)),
  ]);
}

function fill(id, columns, groups, cellsOf) {
  const rows = groups.slice(0, MOST).map((group) => {
    const [name, ...figures] = cellsOf(group);
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      ...figures.map((figure) => element('td', { className: 'number' }, figure)),
    );
  });
  const nothing = element(
    'tr',
    {},
    element('td', { colSpan: columns, className: 'nothing' }, 'Nothing yet.'),
  );
  byId(id).replaceChildren(...(rows.length === 0 ? [nothing] : rows));
}
