import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from '../../memcached.mjs';
import { startTwemproxy } from '../../twemproxy.mjs';
import { startChild } from '../child.mjs';
import { open } from '../subject.mjs';

const CALLER = new URL('caller.mjs', import.meta.url);

const COMMAND_MS = 500;

/**
 * What is promised of clusters that change, a row each: `run(how)` resolves with `{ figure, bound, held }`, and with `sound`
 * where a part of the bound is a time: whether the rest of it is held.
 */
export const CLUSTER_ROWS = [
  { name: 'rolling restart of 3 servers under load', run: rollingRestart },
  { name: 'a neighbour killed again and again during updates', run: (how) => neighbour(how, 'killed') },
  {
    name: 'a neighbour that stands still again and again during updates',
    run: (how) => neighbour(how, 'slow'),
  },
  { name: 'idle connections closed 100 times under load', run: idleConnections },
  { name: 'the process that computes is killed, by default', run: winnerKilled },
  ...['undefined', 'failure', 'null', 'skip'].map((outcome) => ({
    name: `8 processes want what will not be cached: ${outcome}`,
    run: (how) => uncacheable(how, outcome),
  })),
  { name: 'twemproxy, a backend cut off during invalidations', run: deadBackend },
  { name: 'a proxy in the words of twemproxy, the same', run: (how) => lostBackend(how, 'twemproxy') },
  { name: 'a proxy in the words of memcached, the same', run: (how) => lostBackend(how, 'memcached') },
  { name: '20,001 invalidations while a proxy is away', run: (how) => manyOwed(how, 'twemproxy') },
  {
    name: '20,001 invalidations while a proxy that speaks meta is away',
    run: (how) => manyOwed(how, 'memcached'),
  },
];

/** Processes that are started once and used by one row after the other, since starting them takes longest. */
export class Callers {
  /** @readonly */
  #dist;
  /** @readonly */
  #patch;
  /** @readonly */
  #idle = [];

  /** @param {object} [patch] what is changed in the build. */
  constructor(dist, patch) {
    this.#dist = dist;
    this.#patch = patch;
  }

  /** Lends processes to some work, each with a client of its own. */
  async lend(count, options, work) {
    const lent = this.#idle.splice(0, count);
    const missing = Array.from({ length: count - lent.length }, () =>
      startChild(CALLER, this.#dist, { patch: this.#patch }),
    );
    lent.push(...(await Promise.all(missing)));
    await Promise.all(lent.map((caller) => caller.call('open', options)));
    try {
      return await work(lent);
    } finally {
      const alive = lent.filter((caller) => !caller.isOver);
      await Promise.all(alive.map((caller) => caller.call('close')));
      this.#idle.push(...alive);
    }
  }

  async stop() {
    await Promise.all(this.#idle.splice(0).map((caller) => caller.kill()));
  }
}

async function rollingRestart({ callers, short }) {
  const servers = await startServers(3);
  const loadMs = 20;
  try {
    return await callers.lend(4, { servers: servers.addresses }, async (processes) => {
      const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
      const reading = processes.map((caller) =>
        caller.call('reads', { loops: 16, keys, loadMs, pauseMs: 1 }),
      );
      const rounds = short ? 1 : 3;
      for (let round = 0; round < rounds; round += 1) {
        for (const index of servers.addresses.keys()) {
          await sleep(700);
          await servers.kill(index);
          await sleep(300);
          await servers.start(index);
        }
      }
      await sleep(700);
      await Promise.all(processes.map((caller) => caller.call('stop')));
      const results = await Promise.all(reading);
      const most = (figure) => Math.max(...results.map((result) => result[figure]));
      const wrong = results.reduce((sum, result) => sum + result.wrong, 0);
      return {
        figure: `p99 ${ms(most('p99Ms'))}, longest ${ms(most('longestMs'))} over the loader`,
        bound: `longest ≤ ${COMMAND_MS} ms over the loader`,
        held: most('longestMs') <= COMMAND_MS && wrong === 0,
        sound: wrong === 0,
        note: `${results.reduce((sum, { reads }) => sum + reads, 0)} reads${loopDelay(results)}`,
      };
    });
  } finally {
    await servers.stop();
  }
}

async function neighbour({ callers, short }, how) {
  const servers = await startServers(2);
  const initial = 1_000_000;
  try {
    const options = { servers: servers.addresses, commandTimeout: '200ms' };
    return await callers.lend(4, options, async (processes) => {
      const [key] = await processes[0].call('keysOn', {
        address: servers.addresses[0],
        count: 1,
        prefix: 'stock',
      });
      const theirs = await processes[0].call('keysOn', {
        address: servers.addresses[1],
        count: 1,
        prefix: 'other',
      });
      // From now on nobody may find it missing.
      await processes[0].call('count', { key, initial });
      const updating = processes.map((caller) => caller.call('updates', { key, loops: 4, initial }));
      const times = short ? 4 : 12;
      for (let time = 0; time < times; time += 1) {
        const asked = processes.map((caller) => caller.call('touch', { key: theirs[0] }));
        if (how === 'killed') await servers.kill(1);
        else servers.pause(1);
        asked.push(...processes.map((caller) => caller.call('touch', { key: theirs[0] })));
        await sleep(350);
        if (how === 'killed') await servers.start(1);
        else servers.resume(1);
        await Promise.all(asked);
        await sleep(150);
      }
      await Promise.all(processes.map((caller) => caller.call('stop')));
      const results = await Promise.all(updating);
      const sum = (figure) => results.reduce((total, result) => total + result[figure], 0);
      const left = await processes[0].call('counter', { key });
      const lost = sum('acknowledged') + 1 - (initial - left);
      const resets = sum('begun');
      return {
        figure: `${resets} resets, ${lost} lost, ${sum('rejected')} rejected of ${sum('acknowledged')}`,
        bound: '0 resets, 0 lost, 0 rejected',
        held: left !== undefined && resets === 0 && lost <= 0 && sum('rejected') === 0,
        note: `longest update ${ms(Math.max(...results.map(({ longestMs }) => longestMs)))}`,
      };
    });
  } finally {
    await servers.stop();
  }
}

async function idleConnections({ callers, short, faults }) {
  const servers = await startServers(2);
  const proxies = await Promise.all(
    servers.addresses.map((address) => faults.FaultProxy.start(target(address))),
  );
  const loadMs = 5;
  try {
    const options = { servers: proxies.map(({ address }) => address) };
    return await callers.lend(1, options, async ([caller]) => {
      const keys = await caller.call('keysOn', { address: proxies[0].address, count: 500, prefix: 'key' });
      const [theirs] = await caller.call('keysOn', {
        address: proxies[1].address,
        count: 1,
        prefix: 'other',
      });
      const args = { loops: 32, keys, loadMs, policy: { ttl: '1s' }, slowMs: 50, pauseMs: 2 };
      const times = short ? 30 : 100;
      const read = async (before) => {
        const reading = caller.call('reads', args);
        let slow = 0;
        for (let time = 0; time < times; time += 1) {
          await sleep(30);
          before();
          if ((await caller.call('touch', { key: theirs })) > 50) slow += 1;
        }
        await caller.call('stop');
        const result = await reading;
        return { ...result, slow: slow + result.slow };
      };
      const without = await read(() => undefined);
      const result = await read(() => proxies[1].cutAll());
      // What a busy machine does to the one it does to the other.
      const likely = (without.slow / without.reads) * result.reads;
      return {
        figure: `${result.slow} waits over 50 ms, of ${result.reads} reads; with none closed ${without.slow} of ${without.reads}`,
        bound: '0 waits over 50 ms, or not clearly more than with none closed',
        held: result.slow <= 1.5 * likely,
        sound: result.wrong === 0,
        note: `longest ${ms(result.longestMs)} over the loader${loopDelay([result])}`,
      };
    });
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await servers.stop();
  }
}

async function winnerKilled({ callers }) {
  const servers = await startServers(1);
  try {
    return await callers.lend(4, { servers: servers.addresses }, async ([winner, ...others]) => {
      await winner.call('seize', { key: 'seized' });
      const wanting = others.map((other) => other.call('want', { key: 'seized', callers: 5, loadMs: 20 }));
      await winner.kill();
      const results = await Promise.all(wanting);
      const loads = results.reduce((sum, result) => sum + result.loads, 0);
      const longest = Math.max(...results.map(({ longestMs }) => longestMs));
      return {
        figure: `longest wait ${ms(longest)}, ${loads} load${loads === 1 ? '' : 's'}`,
        bound: 'longest wait ≤ 3500 ms, 1 load',
        held: longest <= 3500 && loads === 1,
        sound: loads === 1,
      };
    });
  } finally {
    await servers.stop();
  }
}

async function uncacheable({ callers }, outcome) {
  const servers = await startServers(1);
  const loadMs = 1000;
  try {
    return await callers.lend(8, { servers: servers.addresses }, async (processes) => {
      const args = { key: `not cached:${outcome}`, callers: 3, loadMs, outcome, policy: { nullTtl: 0 } };
      const all = async () => {
        const results = await Promise.all(processes.map((caller) => caller.call('want', args)));
        return Math.max(...results.map(({ longestMs }) => longestMs)) / loadMs;
      };
      const [first, next] = [await all(), await all()];
      return {
        figure: `${next.toFixed(2)} × one load; the first time ${first.toFixed(2)} ×`,
        bound: '≤ 1.3 × one load; the first time 3 ×',
        held: next <= 1.3 && first <= 3,
        sound: true,
      };
    });
  } finally {
    await servers.stop();
  }
}

const STORED = 60;

/** What is still old after what is behind a proxy was away while everything was invalidated. */
async function staleBehind({ lib, address, away, back }) {
  const { service, set } = open(lib, { servers: address, commandTimeout: '1s' });
  try {
    const keys = Array.from({ length: STORED }, (_, index) => `stored:${index}`);
    for (const key of keys) await set(key, 'old', { ttl: '1h' });
    await away();
    let rejected = 0;
    await Promise.all(keys.map((key) => service.invalidate(key).catch(() => (rejected += 1))));
    await back();
    await sleep(3000);
    const values = await Promise.all(keys.map((key) => service.getOrSet(key, () => 'new', { ttl: '1h' })));
    const stale = values.filter((value) => value === 'old').length;
    return {
      figure: `${stale} stale of ${STORED}`,
      bound: `0 stale of ${STORED}`,
      held: stale - rejected <= 0,
      note: rejected > 0 ? `${rejected} rejected` : undefined,
    };
  } finally {
    await service.close();
  }
}

async function deadBackend({ lib, faults }) {
  const servers = await startServers(3);
  const cut = await faults.FaultProxy.start(target(servers.addresses[0]));
  const twemproxy = await startTwemproxy([cut.address, ...servers.addresses.slice(1)], 400);
  try {
    return await staleBehind({
      lib,
      address: twemproxy.address,
      away: () => cut.down(),
      back: () => cut.up(),
    });
  } finally {
    await twemproxy.stop();
    await cut.close().catch(() => undefined);
    await servers.stop();
  }
}

async function lostBackend({ lib, SharedProxy }, words) {
  const servers = await startServers(3);
  const proxy = await SharedProxy.start(words, servers.addresses.map(target));
  try {
    return await staleBehind({
      lib,
      address: proxy.address,
      away: () => proxy.lose(1),
      back: () => proxy.regain(1),
    });
  } finally {
    await proxy.down();
    await servers.stop();
  }
}

async function manyOwed({ lib, SharedProxy, short }, words) {
  const servers = await startServers(1);
  const proxy = await SharedProxy.start(words, servers.addresses.map(target));
  const { service, raw, set } = open(lib, { servers: proxy.address });
  try {
    const old = Array.from({ length: 100 }, (_, index) => `old:${index}`);
    for (const key of old) await set(key, 'old', { ttl: '1h' });
    await proxy.down();
    const others = Array.from({ length: 20_001 - old.length }, (_, index) => `gone:${index}`);
    await Promise.all([...old, ...others].map((key) => service.invalidate(key)));
    await proxy.up();
    const began = performance.now();
    const accepted = proxy.accepted;
    let worksAfter = Infinity;
    while (performance.now() - began < (short ? 3000 : 10_000)) {
      const worked = await raw.set('alive', 1).catch(() => false);
      if (worked === true && worksAfter === Infinity) worksAfter = performance.now() - began;
      await sleep(20);
    }
    const connections = proxy.accepted - accepted;
    const values = await Promise.all(old.map((key) => service.getOrSet(key, () => 'new')));
    const stale = values.filter((value) => value === 'old').length;
    return {
      figure:
        `${connections} connections, ${worksAfter === Infinity ? 'never works' : `works after ${ms(worksAfter)}`} again, ` +
        `${stale} stale of ${old.length}`,
      bound: `≤ 20 connections in 10 s, works again within 1000 ms, 0 stale`,
      held: connections <= 20 && worksAfter <= 1000 && stale === 0,
      sound: connections <= 20 && worksAfter < Infinity && stale === 0,
    };
  } finally {
    await service.close();
    await proxy.down();
    await servers.stop();
  }
}

function target(address) {
  const [host, port] = address.split(':');
  return { host, port: Number(port) };
}

function ms(time) {
  return `${Math.round(time)} ms`;
}

function loopDelay(results) {
  const worst = Math.max(...results.map(({ eventLoop }) => eventLoop.p999Ms));
  return `; event loop delay p99.9 ${worst.toFixed(0)} ms`;
}
