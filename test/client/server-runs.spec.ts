import { expect, it } from '@jest/globals';
import { ratesBetween } from '../../lib/client/server-rates.js';
import { isAnotherRun, type ServerRun } from '../../lib/client/server-runs.js';
import type { GeneralStats } from '../../lib/client/stats.js';

/** A run that began at a time and is looked at so many seconds later. */
function run(pid: number, start: number, uptime: number): ServerRun {
  return { pid, time: start + uptime, uptime };
}

it.each<[string, ServerRun, ServerRun, boolean]>([
  ['goes on', run(1, 1000, 10), run(1, 1000, 70), false],
  ['goes on, its clock and its uptime rounded apart', run(1, 1000, 10), run(1, 1001, 69), false],
  ['has another process number', run(7, 1000, 10), run(8, 1000, 70), true],
  ['is younger than before', run(1, 1000, 10), run(1, 1011, 3), true],
  ['is older than its last run was, as in a container', run(1, 1000, 10), run(1, 1015, 55), true],
  ['does not say when it began', { pid: 1, uptime: 10 }, { pid: 1, uptime: 55 }, false],
])('a server that %s', (_, before, now, isAnother) => {
  expect(isAnotherRun(before, now)).toBe(isAnother);
});

it('tells no rates over two runs', () => {
  const before = { ...run(1, 1000, 10), get_hits: 1000, get_misses: 10 } as unknown as GeneralStats;
  const now = { ...run(1, 1015, 55), get_hits: 50, get_misses: 300 } as unknown as GeneralStats;
  expect(ratesBetween(before, now, 60_000)).toBeUndefined();
});
