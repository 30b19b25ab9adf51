import { chaosStorm } from './chaos.mjs';
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
  { name: 'endurance, moderate rate, connections reset', run: outages.endurance },
];

/** How long each of them takes. */
export const LENGTHS = {
  short: { seconds: 4, times: 1, enduranceSeconds: 20, resetEveryMs: 5_000 },
  planted: { seconds: 4, times: 1 },
  usual: { seconds: 60, times: 9, enduranceSeconds: 600, resetEveryMs: 15_000 },
};
