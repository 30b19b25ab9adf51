import { describe, expect, it, jest } from '@jest/globals';
import type { MemcachedCacheOptions, CachePolicy } from '../../lib/options/cache-options.js';
import { Fleet, type Member } from './support/fleet.js';
import { LocalBroker, type LocalBus } from './support/local-bus.js';
import { seeded } from './support/seeded.js';

/** One run of a fleet at random, on a clock of its own. */
interface Scenario {
  readonly seed: number;
  readonly policy: CachePolicy;
  readonly keys: number;
  readonly steps: number;
  /** Longest time an operation takes to the server, and its answer back. */
  readonly latencyMs: number;
  readonly loadMs: number;
  /** Which part of the operations of a process fail, before or after the server has carried them out. */
  readonly faults?: number;
  /** Invalidate by tag rather than by key. */
  readonly tags?: boolean;
  /** Near caches with this `maxAge`, in all processes but one that writes. */
  readonly near?: number;
  /** They have a bus, on which this part of the messages is lost. */
  readonly bus?: number;
  /** Who invalidates tells no near cache of it. */
  readonly silent?: boolean;
  /** Get, load, set; delete on write: what everybody does without a cache engine. */
  readonly naive?: boolean;
}

/** What a run has seen that must not be. */
interface Verdict {
  readonly older: string[];
  readonly stale: string[];
  readonly reads: number;
  readonly invalidations: number;
  readonly loads: number;
  /** Reads that were served out of their process. */
  readonly near: number;
}

async function run(scenario: Scenario): Promise<Verdict> {
  const random = seeded(scenario.seed);
  const upTo = (bound: number): number => random() * bound;
  const fleet = new Fleet();
  fleet.randomSource = random;
  if (scenario.near !== undefined) fleet.server.markLongAgo();
  const { clock } = fleet;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  let faults = scenario.faults ?? 0;
  const broker = new LocalBroker(clock);
  broker.fate = () => (random() < (scenario.bus ?? 0) ? undefined : upTo(scenario.latencyMs));
  broker.repeats = 1;
  const buses: LocalBus[] = [];
  const nearOf = (index: number): MemcachedCacheOptions => {
    if (scenario.near === undefined) return {};
    if (scenario.bus === undefined) return index === 1 ? {} : { near: { maxAge: scenario.near } };
    const bus = broker.connect();
    buses.push(bus);
    return { near: { maxAge: scenario.near, bus, maxItems: index === 1 ? 0 : 1000 } };
  };
  const cutting = async (): Promise<void> => {
    while (buses.length > 0 && !calm) {
      await sleep(500 + upTo(1500));
      const bus = buses[Math.floor(upTo(buses.length))];
      bus.isCut = true;
      await sleep(upTo(1000));
      bus.isCut = false;
    }
  };
  let calm = false;
  const processes = Array.from({ length: 4 }, (_, index): Member => {
    const member = fleet.start(nearOf(index));
    member.store.bumps = scenario.silent !== true;
    const delayed = async (): Promise<void> => {
      await sleep(upTo(scenario.latencyMs));
      if (random() < faults) throw new Error('the connection broke');
    };
    // Like a connection, an operation overtakes none that began before it.
    let sent = Promise.resolve();
    member.store.before = () => {
      const turn = delayed();
      turn.catch(() => undefined);
      const mine = sent.then(() => turn);
      sent = mine.catch(() => undefined);
      return mine;
    };
    member.store.after = delayed;
    return member;
  });
  const database = Array.from({ length: scenario.keys }, () => 0);
  const floor = Array.from({ length: scenario.keys }, () => [{ value: 0, at: Number.NEGATIVE_INFINITY }]);
  /** The newest value that was invalidated so long ago that a read which begins now must not get an older one. */
  const leastOf = (key: number): number => {
    const latest = clock.now() - (scenario.near ?? 0);
    return floor[key].reduce(
      (least, { value, at }) => (at < latest || scenario.near === undefined ? Math.max(least, value) : least),
      0,
    );
  };
  const verdict = {
    older: [] as string[],
    stale: [] as string[],
    reads: 0,
    invalidations: 0,
    loads: 0,
    near: 0,
  };
  const load = async (key: number): Promise<number> => {
    verdict.loads += 1;
    await sleep(upTo(scenario.loadMs));
    const value = database[key];
    await sleep(upTo(scenario.loadMs));
    return value;
  };
  const readNaively = async ({ store }: Member, key: number): Promise<number> => {
    const { hit, value } = await store.read(`k${key}`, 0, 0);
    if (hit) return value?.value as number;
    const loaded = await load(key);
    await store.set(`k${key}`, { value: loaded, tags: [], kind: 'value' }, 300, false);
    return loaded;
  };
  const read = async (member: Member, key: number): Promise<number> => {
    if (scenario.naive) return readNaively(member, key);
    return member.cache.getOrSet(
      `k${key}`,
      () => load(key),
      scenario.tags ? { ...scenario.policy, tags: [`t${key % 3}`, `k${key}`] } : scenario.policy,
    );
  };
  const reader = async (member: Member): Promise<void> => {
    for (let step = 0; step < scenario.steps; step += 1) {
      await sleep(upTo(scenario.loadMs));
      const key = Math.floor(upTo(scenario.keys));
      const least = leastOf(key);
      const beganAt = clock.now();
      const value = await read(member, key);
      verdict.reads += 1;
      if (value < least) {
        verdict.older.push(
          `k${key} at ${beganAt}..${clock.now()}: ${value}, though ${least} was invalidated before`,
        );
      }
    }
  };
  const writer = async (member: Member): Promise<void> => {
    for (let step = 0; step < scenario.steps; step += 1) {
      await sleep(upTo(scenario.loadMs * 4));
      const key = Math.floor(upTo(scenario.keys));
      database[key] += 1;
      const written = database[key];
      const before = member.cache.counters.storeError;
      const errors = (): number => member.cache.counters.storeError;
      await (scenario.tags ? member.cache.invalidateTags(`k${key}`) : member.cache.invalidate(`k${key}`));
      verdict.invalidations += 1;
      // An invalidation that failed promises nothing.
      if (errors() === before) floor[key].push({ value: written, at: clock.now() });
    }
  };
  const work = Promise.all([
    ...processes.flatMap((member) => [reader(member), reader(member), reader(member)]),
    writer(processes[0]),
    writer(processes[1]),
  ]);
  void cutting();
  await fleet.until(work);
  calm = true;
  faults = 0;
  // What failed is made up for, as the client does for a server that is back.
  if (scenario.faults !== undefined) {
    const making = Promise.all(
      database.map((_, key) =>
        scenario.tags
          ? processes[0].cache.invalidateTags(`k${key}`)
          : processes[0].cache.invalidate(`k${key}`),
      ),
    );
    await fleet.pass(1000);
    await making;
  }
  verdict.near = processes.reduce((sum, { cache }) => sum + (cache.near?.hits ?? 0), 0);
  // Read all the while, so that near caches go on asking what has changed.
  const until = clock.now() + (scenario.near ?? 0);
  while (clock.now() < until) {
    await fleet.until(
      Promise.all(processes.flatMap((member) => database.map((_, key) => read(member, key)))),
    );
  }
  for (const [index, member] of processes.entries()) {
    const values = await fleet.until(Promise.all(database.map((_, key) => read(member, key))));
    values.forEach((value, key) => {
      if (value !== database[key])
        verdict.stale.push(`k${key} in process ${index}: ${value} for ${database[key]}`);
    });
  }
  return verdict;
}

const SCENARIOS: Record<string, Omit<Scenario, 'seed'>> = {
  'few keys, slow loader': { policy: {}, keys: 3, steps: 40, latencyMs: 4, loadMs: 30 },
  'few keys, slow network': { policy: {}, keys: 3, steps: 40, latencyMs: 30, loadMs: 10 },
  'values that expire, and are served stale': {
    policy: { ttl: '1s', grace: '5s', lease: '2s' },
    keys: 4,
    steps: 60,
    latencyMs: 10,
    loadMs: 60,
  },
  'values refreshed ahead, stale ones waited for': {
    policy: { ttl: '2s', grace: '2s', lease: '1s', refreshAhead: 0.5, serveStale: false },
    keys: 4,
    steps: 60,
    latencyMs: 10,
    loadMs: 60,
  },
  'leases shorter than loads': {
    policy: { lease: '1s', leaseWait: '300ms' },
    keys: 3,
    steps: 20,
    latencyMs: 20,
    loadMs: 800,
  },
  'nobody waits for a lease': {
    policy: { leaseWait: 0 },
    keys: 3,
    steps: 40,
    latencyMs: 10,
    loadMs: 30,
  },
  'connections that break': { policy: {}, keys: 3, steps: 40, latencyMs: 10, loadMs: 30, faults: 0.1 },
  'stale values, and connections that break': {
    policy: { ttl: '1s', grace: '5s', lease: '2s' },
    keys: 4,
    steps: 60,
    latencyMs: 10,
    loadMs: 60,
    faults: 0.05,
  },
  'tags, and connections that break': {
    policy: {},
    tags: true,
    keys: 6,
    steps: 40,
    latencyMs: 10,
    loadMs: 30,
    faults: 0.05,
  },
  'near caches': { policy: {}, keys: 12, steps: 80, latencyMs: 4, loadMs: 20, near: 120 },
  'near caches, slow network': { policy: {}, keys: 6, steps: 60, latencyMs: 30, loadMs: 10, near: 200 },
  'near caches, values served stale and refreshed ahead': {
    policy: { ttl: '3s', grace: '5s', lease: '2s', refreshAhead: 0.3 },
    keys: 6,
    steps: 120,
    latencyMs: 8,
    loadMs: 60,
    near: 150,
  },
  'near caches, and connections that break': {
    policy: {},
    keys: 6,
    steps: 60,
    latencyMs: 8,
    loadMs: 30,
    faults: 0.05,
    near: 150,
  },
  'near caches with a bus that loses messages and is cut': {
    policy: {},
    keys: 6,
    steps: 60,
    latencyMs: 8,
    loadMs: 30,
    near: 300,
    bus: 0.3,
  },
  'near caches with a bus that loses a few, tags, and connections that break': {
    policy: {},
    tags: true,
    keys: 6,
    steps: 60,
    latencyMs: 8,
    loadMs: 30,
    faults: 0.05,
    near: 300,
    bus: 0.02,
  },
  'near caches, tags, and connections that break': {
    policy: {},
    tags: true,
    keys: 6,
    steps: 60,
    latencyMs: 8,
    loadMs: 30,
    faults: 0.05,
    near: 150,
  },
  tags: { policy: { grace: '5s', ttl: '2s' }, tags: true, keys: 6, steps: 40, latencyMs: 10, loadMs: 30 },
};

// Half a minute of computing on a machine that does much else.
jest.setTimeout(120_000);

describe('a fleet at random', () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    it.each([1, 2, 3])(`never reads what was invalidated before: ${name}, seed %i`, async (seed) => {
      const verdict = await run({ ...scenario, seed });
      expect(verdict.older).toEqual([]);
      expect(verdict.stale).toEqual([]);
      expect(verdict.loads).toBeLessThan(verdict.reads);
      expect(verdict.invalidations).toBe(scenario.steps * 2);
      if (scenario.near !== undefined) expect(verdict.near).toBeGreaterThan(verdict.reads / 40);
    });
  }

  it('shows older values where near caches are told of nothing', async () => {
    const runs = [1, 2, 3].map((seed) => run({ ...SCENARIOS['near caches'], silent: true, seed }));
    const verdicts = await Promise.all(runs);
    expect(verdicts.flatMap(({ older }) => older)).not.toEqual([]);
  });

  it('shows older and stale values where values are got, loaded and set, or these runs would prove nothing', async () => {
    const runs = [1, 2, 3, 4, 5].map((seed) =>
      run({ ...SCENARIOS['few keys, slow network'], naive: true, seed }),
    );
    const verdicts = await Promise.all(runs);
    expect(verdicts.flatMap(({ older }) => older)).not.toEqual([]);
    expect(verdicts.flatMap(({ stale }) => stale)).not.toEqual([]);
  });
});
