import { describe, expect, it } from '@jest/globals';
import { InstanceWatch } from '../../../lib/dashboard/instance-watch.js';
import type { MemcachedService } from '../../../lib/index.js';

/** A service whose servers have counted so much, by the look. */
function counting(looks: Readonly<Record<string, number>>[]): MemcachedService {
  let seen: ReadonlySet<string> = new Set();
  return {
    client: { instance: 'default' },
    counters: {},
    leases: 0,
    stats: async () => {
      const look = looks.shift()!;
      seen = new Set([...seen, ...Object.keys(look)]);
      const answers = new Map(
        Object.entries(look).map(([server, cmd_get]) => [server, { cmd_get, cmd_set: 0, curr_items: 0 }]),
      );
      return Object.assign(answers, { failures: [] });
    },
    topology: () => Array.from(seen, (server) => ({ server, weight: 1, since: new Date(), owed: 0 })),
  } as unknown as MemcachedService;
}

async function shares(
  looks: Readonly<Record<string, number>>[],
): Promise<Record<string, number | undefined>> {
  const watch = new InstanceWatch('default', counting(looks), 0);
  while (looks.length > 1) await watch.look();
  const { servers } = await watch.look();
  return Object.fromEntries(servers.map(({ server, trafficShare }) => [server, trafficShare]));
}

describe('the traffic that servers share', () => {
  it('is what each has counted since the first look', async () => {
    expect(
      await shares([
        { a: 1000, b: 0 },
        { a: 1030, b: 10 },
      ]),
    ).toEqual({ a: 0.75, b: 0.25 });
  });

  it('counts what a server does that has restarted since', async () => {
    expect(
      await shares([
        { a: 1000, b: 1000 },
        { a: 1010, b: 5 },
        { a: 1020, b: 20 },
      ]),
    ).toEqual({ a: 0.5, b: 0.5 });
    // It was not there for a look.
    expect(await shares([{ a: 1000, b: 1000 }, { a: 1010 }, { a: 1020, b: 20 }])).toEqual({ a: 0.5, b: 0.5 });
  });

  it('counts what a server does that has come since', async () => {
    expect(await shares([{ a: 1000 }, { a: 1010, b: 500 }, { a: 1020, b: 520 }])).toEqual({ a: 0.5, b: 0.5 });
  });
});
