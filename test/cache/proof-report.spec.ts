import { describe, expect, it } from '@jest/globals';
import { notes, problems, table, type Result } from '../../scripts/proof/report.mjs';

const STORM: Result = {
  run: 'storm',
  pattern: 'ours',
  staleKeys: 0,
  keys: 200,
  olderReads: 0,
  owedReads: 0,
  owedForMs: 0,
  reads: 5000,
  invalidations: 300,
  kills: 0,
  interruptedWrites: 0,
  longestWaitMs: 301.6,
};
const STAMPEDE: Result = {
  run: 'stampede',
  pattern: 'ours',
  loadsPerKey: 1,
  mostLoads: 1,
  longestWaitMs: 212,
  longestWaitsMs: [120.4, 212],
};
const HOT_KEY: Result = {
  run: 'hot key',
  pattern: 'ours',
  loadsPerKey: 1,
  mostLoads: 1,
  timesDue: 9,
  waitingReads: 0,
  reads: 9600,
  p99Ms: 2.3,
  longestWaitMs: 18,
};
const LOST: Result = {
  run: 'servers hung',
  pattern: 'ours',
  timedReads: 5000,
  slowReads: 4,
  p99Ms: 0.05,
  longestWaitMs: 204,
};
const UPDATES: Result = {
  run: 'updates',
  pattern: 'ours',
  lostUpdates: 0,
  updates: 2000,
  attempts: 1.21,
  longestWaitMs: 416,
};
const NAIVE: Result[] = [
  { ...STORM, pattern: 'naive', staleKeys: 2, olderReads: 98 },
  { ...STAMPEDE, pattern: 'naive', loadsPerKey: 199.6, mostLoads: 200 },
  { ...HOT_KEY, pattern: 'naive', loadsPerKey: 200, mostLoads: 240, waitingReads: 700, p99Ms: 290 },
  { ...LOST, pattern: 'naive' },
  { ...UPDATES, pattern: 'naive', lostUpdates: 1967, attempts: 1 },
];
const GOOD = [STORM, STAMPEDE, HOT_KEY, LOST, UPDATES, ...NAIVE];

/** Good figures, but for some of one run. */
function goodBut(run: string, pattern: string, figures: Partial<Result>): Result[] {
  return GOOD.map((result) =>
    result.run === run && result.pattern === pattern ? { ...result, ...figures } : result,
  );
}

describe('the verdict on a proof', () => {
  it('is that nothing is wrong, where every promise was kept and the naive pattern broke each', () => {
    expect(problems(GOOD)).toEqual([]);
  });

  it.each<[string, Partial<Result>, string]>([
    ['storm', { staleKeys: 1 }, 'storm: 1 stale keys at rest'],
    ['storm', { olderReads: 3 }, 'storm: 3 reads older than an invalidation'],
    ['updates', { lostUpdates: 2 }, 'updates: 2 lost updates'],
    ['updates', { lostUpdates: -2 }, 'updates: -2 lost updates'],
    ['updates', { lostUpdates: Number.NaN }, 'updates: NaN lost updates'],
    ['stampede', { mostLoads: 2 }, 'stampede: 2 loads of one key'],
    ['stampede', { mostLoads: 0 }, 'stampede: 0 loads of one key'],
    ['hot key', { mostLoads: 2 }, 'hot key: 2 loads of one key'],
    ['hot key', { waitingReads: 1 }, 'hot key: 1 reads that waited for a load'],
  ])('names the run and the promise that was broken: %s, %j', (run, figures, problem) => {
    expect(problems(goodBut(run, 'ours', figures))).toEqual([problem]);
  });

  it('names every promise that was broken', () => {
    const bad = goodBut('storm', 'ours', { staleKeys: 1, olderReads: 3 });
    expect(problems([...bad, { ...STAMPEDE, run: 'winner killed', mostLoads: 5 }])).toEqual([
      'storm: 1 stale keys at rest',
      'storm: 3 reads older than an invalidation',
      'winner killed: 5 loads of one key',
    ]);
  });

  it.each<[string, Partial<Result>, string]>([
    ['storm', { staleKeys: 0 }, '0 stale keys at rest'],
    ['storm', { olderReads: 0 }, '0 reads older than an invalidation'],
    ['updates', { lostUpdates: 0 }, '0 lost updates'],
    ['hot key', { waitingReads: 0 }, '0 reads that waited for a load'],
  ])('is that nothing was proved, where the naive pattern got away with it: %s, %j', (run, figures, what) => {
    expect(problems(goodBut(run, 'naive', figures))).toEqual([
      `the naive pattern had no more than ${what}: this run proves nothing, take more --seconds`,
    ]);
  });

  it('is that nothing was proved, where the naive pattern loads no key more than once', () => {
    const lucky = GOOD.map((result) => ({ ...result, mostLoads: result.mostLoads && 1 }));
    expect(problems(lucky)).toEqual([
      'the naive pattern had no more than 1 loads of one key: this run proves nothing, take more --seconds',
    ]);
  });

  it('is content with one run in which the naive pattern broke a promise', () => {
    expect(problems([...GOOD, { ...STORM, run: 'another storm', pattern: 'naive' }])).toEqual([]);
  });

  it('is that nothing was proved without the naive pattern', () => {
    expect(problems([STORM, STAMPEDE, HOT_KEY, UPDATES])).toHaveLength(5);
  });

  it('excuses reads that a paused server was owed, and what other patterns do', () => {
    const owed = goodBut('storm', 'ours', { owedReads: 8, owedForMs: 10 });
    expect(problems([...owed, { ...UPDATES, pattern: 'another', lostUpdates: 7 }])).toEqual([]);
  });
});

describe('the table of a proof', () => {
  const rows = table(GOOD)
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').slice(1, -1));

  it('has a head, a rule and a row for each result, all of one width', () => {
    expect(rows).toHaveLength(2 + GOOD.length);
    expect(new Set(rows.map((row) => row.map((cell) => cell.length).join())).size).toBe(1);
  });

  it('shows figures, of how many where there are any, and a dash where a run says nothing', () => {
    const cells = (run: string, pattern: string): string[] =>
      rows
        .map((row) => row.map((cell) => cell.trim()))
        .find(([first, second]) => first === run && second === pattern)
        ?.slice(2) ?? [];
    expect(cells('storm', 'ours')).toEqual(['0', '0', '0', '–', '–', '–', '–', '–', '302 ms']);
    expect(cells('storm', 'naive')).toEqual([
      '2 of 200',
      '98 of 5000',
      '0',
      '–',
      '–',
      '–',
      '–',
      '–',
      '302 ms',
    ]);
    expect(cells('stampede', 'naive')).toEqual(['–', '–', '–', '200', '–', '–', '–', '–', '212 ms']);
    expect(cells('hot key', 'ours')).toEqual(['–', '–', '–', '1', '0', '–', '–', '2 ms', '18 ms']);
    expect(cells('servers hung', 'ours')).toEqual(['–', '–', '–', '–', '–', '–', '–', '< 1 ms', '204 ms']);
    expect(cells('updates', 'ours')).toEqual(['–', '–', '–', '–', '–', '0', '1.2', '–', '416 ms']);
  });
});

describe('the notes of a proof', () => {
  it('say of each run how much was read, and what has happened meanwhile', () => {
    expect(
      notes([
        STORM,
        { ...STORM, kills: 9, interruptedWrites: 4, owedReads: 8, owedForMs: 10.4 },
        { ...STORM, pattern: 'naive', owedReads: 458, owedForMs: 900 },
        STAMPEDE,
        HOT_KEY,
        LOST,
      ]),
    ).toEqual([
      'storm, ours: 5000 reads, 300 invalidations',
      'storm, ours: 5000 reads, 300 invalidations, 9 processes killed, 4 keys in the middle of a write, the last old read 10 ms after the server went on',
      'storm, naive: 5000 reads, 300 invalidations',
      'stampede, ours: longest waits of fleet after fleet 120, 212 ms',
      'hot key, ours: 9600 reads, due 9 times',
      'servers hung, ours: 4 of 5000 reads took 1 ms or more beside the load',
    ]);
  });
});
