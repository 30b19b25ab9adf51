import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import type { NodeEvent } from '../../lib/client/events.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { Load, measured, MEASURING } from './load.js';

const LIMIT_MS = 60_000;
const POLL_MS = 10;

let server: RealMemcached;
let client: MemcachedClient;
let states: string[];

beforeEach(async () => {
  server = await startMemcached();
  client = new MemcachedClient({ servers: server.address });
  states = [];
  client.on('node', ({ state }) => states.push(state));
});
afterEach(async () => {
  jest.restoreAllMocks();
  server.kill('SIGCONT');
  await client.close();
  await server.stop();
});

/** Resolves when the server is found to be in this state. */
function becomes(state: NodeEvent['state']): Promise<void> {
  return new Promise((resolve) => {
    const listen = (event: NodeEvent): void => {
      if (event.state !== state) return;
      client.off('node', listen);
      resolve();
    };
    client.on('node', listen);
  });
}

describeReal('a connection that ended while this process stood still', () => {
  it('is noticed before anything is written to it', async () => {
    await client.set('k', 1);
    server.kill('SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    const result = client.set('k', 2);
    await expect(result).rejects.toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'not-sent' });
  });
});

/** How long a command takes to fail while its server is down, in milliseconds. */
async function failureMs(): Promise<number> {
  const started = performance.now();
  for (let count = 0; count < 100; count += 1) {
    await expect(client.get('k')).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      outcome: 'not-sent',
    });
  }
  return (performance.now() - started) / 100;
}

/** How long a server is away where that is measured; otherwise until it has been looked for a few times. */
const OUTAGE_MS = 3000;
const PAUSE_MS = 10_000;
const PROBES = 5;

/** Passes when a server that is away has been away for long enough. */
async function outage(connect: { readonly mock: { readonly calls: unknown[] } }, ms: number): Promise<void> {
  if (MEASURING) await wait(ms);
  while (connect.mock.calls.length < PROBES) await wait(POLL_MS);
}

describeReal('a server that is lost under load', () => {
  it(
    'and killed fails what was on its way and all that follows, until it is back',
    async () => {
      const load = new Load(client);
      await load.more(1000);
      const down = becomes('down');
      const killed = performance.now();
      server.kill('SIGKILL');
      await down;
      measured('kill -9: down after', performance.now() - killed);
      measured('kill -9: while down, a command fails after', await failureMs());

      const connect = jest.spyOn(Socket.prototype, 'connect');
      await outage(connect, OUTAGE_MS);
      measured(`kill -9: probes in ${OUTAGE_MS} ms`, connect.mock.calls.length, 'connections');

      const up = becomes('up');
      server = await startMemcached({ port: server.port });
      const returned = performance.now();
      await up;
      await load.answered();
      measured('kill -9: in use again after', performance.now() - returned);
      await load.more(1000);
      const { wrong, failed, slowest } = await load.stop();
      measured('kill -9: slowest failure', Math.max(...slowest.values()));
      expect(wrong).toStrictEqual([]);
      expect([...failed.keys()]).toStrictEqual(['MEMCACHED_CONNECTION']);
      expect(states).toStrictEqual(['suspect', 'down', 'up']);
    },
    LIMIT_MS,
  );

  it(
    'and paused lets each command end at its deadline, and is in use again when it goes on',
    async () => {
      const load = new Load(client);
      await load.more(1000);
      const down = becomes('down');
      const paused = performance.now();
      server.kill('SIGSTOP');
      await down;
      measured('SIGSTOP: down after', performance.now() - paused);
      measured('SIGSTOP: while down, a command fails after', await failureMs());
      await outage(jest.spyOn(Socket.prototype, 'connect'), PAUSE_MS);

      const up = becomes('up');
      server.kill('SIGCONT');
      const continued = performance.now();
      await up;
      await load.answered();
      measured('SIGSTOP: in use again after', performance.now() - continued);
      await load.more(1000);
      const { wrong, failed, slowest } = await load.stop();
      measured('SIGSTOP: slowest failure', Math.max(...slowest.values()));
      expect(wrong).toStrictEqual([]);
      expect([...failed.keys()].sort()).toStrictEqual(['MEMCACHED_CONNECTION', 'MEMCACHED_TIMEOUT']);
      expect(states).toStrictEqual(['suspect', 'down', 'up']);
      // The connections that were tried meanwhile are gone, too.
      const [stats] = (await client.stats()).values();
      expect(stats.curr_connections).toBeLessThan(5);
    },
    LIMIT_MS,
  );

  it(
    'and restarted at once costs what was on its way, and nothing that can be repeated',
    async () => {
      await client.set('k', 'v');
      const { port } = server;
      server.kill('SIGKILL');
      await server.exited;
      server = await startMemcached({ port });
      const values = await Promise.all(Array.from({ length: 100 }, () => client.get('k')));
      expect(new Set(values)).toStrictEqual(new Set([undefined]));
      expect(states.filter((state) => state === 'down')).toStrictEqual([]);
    },
    LIMIT_MS,
  );
});

describeReal('one of three servers that is lost', () => {
  const KEYS = Array.from({ length: 300 }, (_, index) => `key:${index}`);
  let servers: RealMemcached[];

  beforeEach(async () => {
    servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
  });
  afterEach(() => Promise.all(servers.map((each) => each.stop())));

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'by %s costs the others nothing, and its own keys no more than one time limit',
    async (signal) => {
      await using cluster = new MemcachedClient({ servers: servers.map(({ address }) => address) });
      await cluster.setMany(KEYS.map((key) => [key, `value of ${key}`]));
      const [lost] = servers;
      const isLost = (key: string): boolean => cluster.serverFor(key) === lost.address;
      const theirs = KEYS.filter((key) => !isLost(key));
      const own = KEYS.filter(isLost);
      const gone = new Promise<void>((resolve) => {
        cluster.on('node', ({ server, state }) => {
          expect(server).toBe(lost.address);
          if (state === 'down') resolve();
        });
      });
      await (signal === 'SIGSTOP' ? lost.pause() : lost.kill(signal));

      const first = await cluster.getMany(KEYS);
      expect([...first.keys()].filter((key) => !isLost(key))).toHaveLength(theirs.length);
      expect(first.failures.map(({ server }) => server)).toStrictEqual([lost.address]);
      expect([...first.failures[0].keys].sort()).toStrictEqual([...own].sort());
      await gone;

      for (const key of theirs) expect(await cluster.get(key)).toBe(`value of ${key}`);
      const started = performance.now();
      const failures = own.map((key) =>
        expect(cluster.get(key)).rejects.toMatchObject({ code: 'MEMCACHED_CONNECTION' }),
      );
      await Promise.all(failures);
      measured(
        `one of three by ${signal}: a command for it fails after`,
        (performance.now() - started) / own.length,
      );

      const second = await cluster.getMany(KEYS);
      expect(new Map(second)).toStrictEqual(new Map(theirs.map((key) => [key, `value of ${key}`])));
      expect(second.failures).toMatchObject([
        { server: lost.address, error: { code: 'MEMCACHED_CONNECTION' } },
      ]);
    },
    LIMIT_MS,
  );
});
