import { chaosStorm } from './chaos.mjs';
import * as hostile from './hostile.mjs';
import * as outages from './outages.mjs';

/** Whatever can go wrong around the library, a case each: `run(how)` resolves with a row of the table. */
export const CASES = [
  {
    name: 'meta, what networks do',
    run: (how) => chaosStorm(how, { protocol: 'meta' }),
  },
  {
    name: 'meta, a peer that lies',
    run: (how) => chaosStorm(how, { protocol: 'meta', lying: true }),
  },
  {
    name: 'classic, what networks do',
    run: (how) => chaosStorm(how, { protocol: 'classic' }),
  },
  {
    name: 'classic, a peer that lies: what it acknowledges is not checked',
    run: (how) => chaosStorm(how, { protocol: 'classic', lying: true }),
  },
  { name: 'servers killed (-9), back after 400 ms', run: outages.killed },
  { name: 'servers restarted at once, empty', run: outages.restartedAtOnce },
  { name: 'servers restarted after 1.5 s, warm (-e)', run: outages.restartedWarm },
  { name: 'rolling restarts of three servers', run: outages.rollingRestarts },
  { name: 'servers that stand still for 1.2 s (SIGSTOP)', run: outages.paused },
  ...['HTTP', 'Redis', 'TLS'].map((other) => ({
    name: `a server's port is taken over by ${other}`,
    run: (how) => outages.takenOver(how, other),
  })),
  { name: 'a name that is not found, hangs, moves', run: outages.names },
  { name: 'hostile bytes', run: hostile.hostileValues },
  { name: 'hostile arguments, meta', run: hostile.injections('meta') },
  { name: 'hostile arguments, classic', run: hostile.injections('classic') },
  { name: 'a forged store', run: hostile.forgeries },
  { name: 'forged discovery', run: hostile.forgedDiscovery },
  { name: 'endurance, moderate rate, connections reset', run: outages.endurance },
];

/** How much of what is hostile. */
const HOSTILE = {
  short: { values: 1000, injections: 1000, forgeries: 1000, discovery: 100 },
  usual: { values: 100_000, injections: 100_000, forgeries: 100_000, discovery: 1000 },
};

/** How long each of them takes. */
export const LENGTHS = {
  short: {
    hostile: HOSTILE.short,
    seconds: 4,
    nearSeconds: 4,
    times: 1,
    enduranceSeconds: 10,
    resetEveryMs: 2_500,
    oneIn: 150,
    pauseMs: 60,
    together: 6,
  },
  /** Until what was planted is found, and no longer than that. */
  planted: { seconds: 20, times: 4, oneIn: 100, pauseMs: 60, together: 6, settleMs: 3_000, withHttp: false },
  usual: {
    hostile: HOSTILE.usual,
    seconds: 60,
    nearSeconds: 12,
    times: 9,
    enduranceSeconds: 600,
    resetEveryMs: 15_000,
  },
};
