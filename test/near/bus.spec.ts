import { describe, expect, it, jest } from '@jest/globals';
import {
  type BusMessage,
  type BusWord,
  CHANGED,
  GOODBYE,
  readMessage,
  writeMessage,
} from '../../lib/near/bus-message.js';
import { BusSenders } from '../../lib/near/bus-senders.js';
import type { CachePolicy } from '../../lib/options/cache-options.js';
import type { NearOptions } from '../../lib/options/near-options.js';
import { deferred, Fleet, type Member } from '../cache/support/fleet.js';
import { LocalBroker, type LocalBus } from '../cache/support/local-bus.js';

// Computing, on a machine that does much else.
jest.setTimeout(60_000);

const MAX_AGE_MS = 600;

interface OnBus extends Member {
  readonly bus: LocalBus;
}

/** Two processes with near caches on one bus. */
class Pair {
  readonly fleet = new Fleet();
  readonly broker = new LocalBroker(this.fleet.clock);
  readonly one: OnBus;
  readonly two: OnBus;

  /** @param near of each of them, beside their bus. */
  constructor(near: NearOptions = {}) {
    this.fleet.server.markLongAgo();
    this.one = this.start(near);
    this.two = this.start(near);
  }

  start(near: NearOptions = {}): OnBus {
    const bus = this.broker.connect();
    return { ...this.fleet.start({ near: { maxAge: MAX_AGE_MS, bus, ...near } }), bus };
  }

  read({ cache }: Member, value: string, key = 'k'): Promise<string> {
    return this.fleet.until(cache.getOrSet(key, () => value));
  }

  /** Reads for so long, so that the near caches are in use, and keep what is read. */
  async use(ms: number, value = 'old', policy: CachePolicy<string> = {}): Promise<void> {
    const until = this.fleet.clock.now() + ms;
    while (this.fleet.clock.now() < until) {
      for (const member of [this.one, this.two]) await member.cache.getOrSet('k', () => value, policy);
      await this.fleet.pass(20);
    }
  }

  /** For how long after its change a process was served the old value. */
  async oldForMs(reader: Member, forMs: number, policy: CachePolicy<string> = {}): Promise<number> {
    const { clock } = this.fleet;
    const changedAt = clock.now();
    let lastOld = -1;
    while (clock.now() < changedAt + forMs) {
      const began = clock.now();
      const reading = reader.cache.getOrSet('k', () => 'new', policy);
      await this.fleet.pass(5);
      if ((await reading) === 'old') lastOld = began - changedAt;
    }
    return lastOld;
  }
}

function said(number: number, says: BusWord = CHANGED): BusMessage {
  return { sender: 'a', number, says, hashes: new Int32Array(0), isLate: false };
}

describe('those who speak on a bus', () => {
  it('are not brought back after their goodbye by what comes late', () => {
    const senders = new BusSenders();
    senders.note(said(1), 0);
    senders.note(said(3, GOODBYE), 10);
    expect(senders.note(said(2), 20)).toBe(true);
    expect(senders.count).toBe(0);
  });

  it('are waited for on, though a goodbye comes that was said before what was heard', () => {
    const senders = new BusSenders();
    senders.note(said(1), 0);
    senders.note(said(3), 10);
    senders.note(said(2, GOODBYE), 20);
    expect([senders.count, senders.oldest]).toEqual([1, 10]);
  });
});

describe('a bus between near caches', () => {
  it('brings a change to the others at once', async () => {
    const pair = new Pair();
    await pair.use(3000);
    expect(pair.two.cache.near?.bus).toMatchObject({ connected: true, trusted: true, processes: 1 });
    await pair.one.cache.invalidate('k');
    expect(await pair.oldForMs(pair.two, 1000)).toBeLessThanOrEqual(5);
  });

  it.each<readonly [NearOptions, string, number]>([
    [{}, '100ms', 100],
    [{ maxAge: '10s' }, '500ms', 500],
    [{ maxAgeWithBus: '5s' }, '2s', 5000],
    [{ maxAgeWithBus: '5s' }, '10s', 10_000],
  ])('leaves a policy its own bound: %j, near %s', async (near, own, boundMs) => {
    const policy = { near: own } as CachePolicy<string>;
    for (const isCut of [false, true]) {
      const pair = new Pair(near);
      await pair.use(13_000, 'old', policy);
      pair.one.bus.isCut = isCut;
      await (isCut ? pair.one : pair.fleet.start()).cache.invalidate('k');
      expect(await pair.oldForMs(pair.two, 4 * boundMs, policy)).toBeLessThanOrEqual(boundMs);
    }
  });

  it('spares most of the questions for what has changed', async () => {
    const pair = new Pair();
    await pair.use(3000);
    const before = pair.two.cache.near!.polls;
    await pair.use(6000);
    expect(pair.two.cache.near!.polls - before).toBeLessThan(4);
    const hits = pair.two.cache.near!.hits;
    await pair.use(200);
    expect(pair.two.cache.near!.hits).toBeGreaterThan(hits);
  });

  it.each<readonly [string, (pair: Pair) => void]>([
    ['who reads hears nothing any more', ({ two }) => void (two.bus.isCut = true)],
    ['who invalidates is not heard any more', ({ one }) => void (one.bus.isCut = true)],
    [
      'one message is lost',
      ({ broker, one, two }) => {
        let lost = 0;
        broker.fate = (from, to) => {
          if (from !== one.bus || to !== two.bus || lost > 0) return 1;
          lost += 1;
          return undefined;
        };
      },
    ],
    [
      'all messages are held up',
      ({ broker }) => {
        broker.fate = () => 10_000;
      },
    ],
    ['the reader is told that it is lost', ({ two }) => two.bus.listener?.connected(false)],
    ['the broker is closed', ({ broker }) => broker.members.clear()],
  ])('is not relied on for longer than maxAge: %s', async (_what, harm) => {
    const pair = new Pair();
    await pair.use(3000);
    harm(pair);
    await pair.fleet.until(pair.one.cache.invalidate('k'));
    expect(await pair.oldForMs(pair.two, 4 * MAX_AGE_MS)).toBeLessThanOrEqual(MAX_AGE_MS);
  });

  it('brings a change once it is there again that it was lost before', async () => {
    const pair = new Pair();
    await pair.use(3000);
    const { fleet, one, two } = pair;
    await one.cache.invalidate('k');
    // In the same turn: what has changed in it has not been said.
    one.bus.listener?.connected(false);
    await fleet.pass(20);
    one.bus.listener?.connected(true);
    expect(await pair.oldForMs(two, 4 * MAX_AGE_MS)).toBeLessThanOrEqual(MAX_AGE_MS - 20);
  });

  it('is relied on again once nothing was lost for a while', async () => {
    const pair = new Pair();
    await pair.use(3000);
    pair.two.bus.isCut = true;
    await pair.use(1000);
    expect(pair.two.cache.near?.bus?.trusted).toBe(false);
    pair.two.bus.isCut = false;
    await pair.use(1000);
    expect(pair.two.cache.near?.bus?.trusted).toBe(true);
  });

  it('is relied on again some time after a process has died', async () => {
    const pair = new Pair();
    await pair.use(3000);
    pair.one.bus.isCut = true;
    await pair.use(1000);
    expect(pair.two.cache.near?.bus?.trusted).toBe(false);
    await pair.use(2 * 20 * MAX_AGE_MS + 1000);
    expect(pair.two.cache.near?.bus?.trusted).toBe(true);
  });

  it('is none that cannot be subscribed to', async () => {
    const fleet = new Fleet();
    fleet.server.markLongAgo();
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const bus = {
      subscribe: () => Promise.reject(new Error('no broker')),
      publish: () => Promise.reject(new Error('no broker')),
      close: jest.fn(() => Promise.resolve()),
    };
    const { cache } = fleet.start({ near: { bus } });
    await fleet.pass(1);
    expect(warn.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('no broker')]);
    warn.mockRestore();
    for (let read = 0; read < 10; read += 1) {
      expect(await fleet.until(cache.getOrSet('k', () => 'value'))).toBe('value');
      await fleet.pass(100);
    }
    expect(cache.near).toMatchObject({ items: 1, bus: { connected: false, trusted: false } });
    await fleet.until(cache.invalidate('k'));
    // It may be another's.
    await cache.close();
    expect(bus.close).not.toHaveBeenCalled();
  });

  it('lets a process tell of changes that keeps nothing itself', async () => {
    const pair = new Pair();
    const teller = pair.start({ maxItems: 0 });
    await pair.use(3000);
    await pair.fleet.until(teller.cache.invalidate('k'));
    expect(await pair.oldForMs(pair.two, 1000)).toBeLessThanOrEqual(5);
    expect(teller.cache.near?.items).toBe(0);
  });

  it('brings a flush to the others', async () => {
    const pair = new Pair();
    await pair.use(3000);
    pair.fleet.server.restart();
    pair.one.cache.flushed();
    expect(await pair.oldForMs(pair.two, 4 * MAX_AGE_MS)).toBeLessThanOrEqual(5);
  });

  it('brings a flush that is to come to the others once it has come', async () => {
    const pair = new Pair();
    await pair.use(3000);
    pair.one.cache.flushed('10s');
    await pair.use(9900);
    expect(pair.two.cache.near?.bus?.trusted).toBe(true);
    pair.fleet.server.restart();
    expect(await pair.oldForMs(pair.two, 8 * MAX_AGE_MS)).toBeLessThanOrEqual(1105);
    await pair.fleet.pass(15_000);
    pair.one.cache.flushed('10s');
    await pair.one.cache.close();
    await pair.two.cache.close();
    await pair.fleet.pass(5);
    expect(pair.fleet.clock.pending).toBe(0);
  });

  it('brings an update that was aborted, and is stored all the same', async () => {
    const pair = new Pair();
    const { fleet, one, two } = pair;
    await pair.use(3000);
    const abort = new AbortController();
    const way = deferred();
    one.store.before = (operation) => (operation === 'write' ? way.promise : undefined);
    const update = one.cache.update('k', () => 'new', { signal: abort.signal });
    await fleet.pass(10);
    abort.abort();
    await expect(update).rejects.toThrow('aborted');
    await pair.use(300);
    way.resolve();
    expect(await pair.oldForMs(two, 4 * MAX_AGE_MS)).toBeLessThanOrEqual(5);
  });

  it('is told nothing when only keys have got other servers', async () => {
    const pair = new Pair();
    await pair.use(3000);
    for (const listener of pair.one.store.epochs.listeners) listener(true);
    await pair.fleet.pass(50);
    expect(pair.two.cache.near?.items).toBe(1);
  });

  it('is not told more than so many names in a second, but that all has changed', async () => {
    const pair = new Pair();
    await pair.use(3000);
    const before = pair.broker.messages;
    const all = Array.from({ length: 6000 }, (_, index) => pair.one.cache.invalidate(`other:${index}`));
    await pair.fleet.until(Promise.all([...all, pair.one.cache.invalidate('k')]));
    expect(await pair.oldForMs(pair.two, 1000)).toBeLessThanOrEqual(50);
    expect(pair.broker.messages - before).toBeLessThan(100);
  });

  it('costs six heartbeats in maxAge while nothing is kept and nothing changes, and nothing once it is closed', async () => {
    const pair = new Pair();
    await pair.use(1000);
    await pair.fleet.pass(30_000);
    const before = pair.broker.messages;
    const polls = pair.two.cache.near!.polls;
    await pair.fleet.pass(60_000);
    expect(pair.broker.messages - before).toBeLessThanOrEqual((2 * 6 * 60_000) / MAX_AGE_MS);
    expect(pair.two.cache.near!.polls).toBe(polls);
    await pair.one.cache.close();
    await pair.two.cache.close();
    await pair.fleet.pass(5);
    expect(pair.fleet.clock.pending).toBe(0);
  });

  it('is not relied on where the way of a process is lost that was quiet for long', async () => {
    const pair = new Pair();
    const { fleet, one, two } = pair;
    await pair.use(3000);
    for (const until = fleet.clock.now() + 30_000; fleet.clock.now() < until; await fleet.pass(20)) {
      await two.cache.getOrSet('k', () => 'old');
    }
    expect(two.cache.near?.bus).toMatchObject({ trusted: true, processes: 1 });
    one.bus.isCut = true;
    await fleet.until(one.cache.invalidate('k'));
    expect(await pair.oldForMs(two, 4 * MAX_AGE_MS)).toBeLessThanOrEqual(MAX_AGE_MS);
  });

  it('is not relied on while all that a process says comes steadily late', async () => {
    const pair = new Pair();
    const { broker, fleet, one, two } = pair;
    await pair.use(3000);
    broker.fate = (from) => (from === one.bus ? 3 * MAX_AGE_MS : 1);
    await pair.use(10 * MAX_AGE_MS);
    expect(two.cache.near?.bus).toMatchObject({ trusted: false, processes: 1 });
    await fleet.until(one.cache.invalidate('k'));
    expect(await pair.oldForMs(two, 4 * MAX_AGE_MS)).toBeLessThanOrEqual(MAX_AGE_MS);
    broker.fate = () => 1;
    await pair.use(6 * MAX_AGE_MS);
    expect([one, two].map(({ cache }) => cache.near?.bus?.trusted)).toEqual([true, true]);
  });

  it('is relied on at once when a process has said goodbye, also where its messages come late and again', async () => {
    const pair = new Pair();
    const { broker, one, two } = pair;
    await pair.use(3000);
    broker.fate = (from, to) => (from === one.bus && to === two.bus ? 50 : 1);
    broker.repeats = 20;
    await one.cache.close();
    await pair.fleet.pass(50);
    expect(two.cache.near?.bus).toMatchObject({ processes: 0 });
    await pair.fleet.pass(1000);
    expect(two.cache.near?.bus).toMatchObject({ trusted: true, processes: 0 });
  });

  it('ignores what is no message of ours', () => {
    for (const bytes of [[], [1], Array(16).fill(0), Array(17).fill(1), [9, ...Array(15).fill(1)]]) {
      expect(readMessage(Uint8Array.from(bytes))).toBeUndefined();
    }
    const written = writeMessage(CHANGED, '0123456789abcdef', 7, [-1, 2, 3, -4]);
    expect(readMessage(written)).toEqual({
      says: CHANGED,
      sender: '0123456789abcdef',
      number: 7,
      hashes: Int32Array.from([-1, 2, 3, -4]),
      isLate: false,
    });
    expect(readMessage(writeMessage(GOODBYE, '0123456789abcdef', 8, [], true))).toMatchObject({
      says: GOODBYE,
      isLate: true,
    });
    for (let end = 0; end < written.length; end += 1) {
      const cut = readMessage(written.subarray(0, end));
      expect(cut === undefined || cut.hashes.length < 4).toBe(true);
    }
  });
});
