import { expect, it } from '@jest/globals';
import { CacheEngine } from '../../lib/cache/cache-engine.js';
import { MemcachedClient } from '../../lib/client/client.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';

const LIMIT_MS = 60_000;
const START = 1_000_000;

/** Two processes that take one from a stock again and again, and what became of it. */
class Storm {
  readonly clients: MemcachedClient[];
  readonly caches: CacheEngine[];
  /** Updates that were answered, and those of which nobody knows. */
  done = 0;
  unknown = 0;
  resets = 0;
  #over = false;
  readonly #key: string;
  readonly #running: Promise<void>[];

  constructor(servers: readonly string[], owner: string) {
    this.clients = [1, 2].map(() => new MemcachedClient({ servers: [...servers], commandTimeout: '500ms' }));
    this.caches = this.clients.map((client) => new CacheEngine(new ClientStore(client)));
    this.#key = this.keyOn(owner, 'stock:');
    this.#running = this.caches.map((cache) => this.#run(cache));
  }

  keyOn(server: string, prefix: string): string {
    for (let n = 0; ; n += 1) if (this.clients[0].serverFor(prefix + n) === server) return prefix + n;
  }

  /** Resolves after so many updates more. */
  async after(updates: number): Promise<void> {
    const until = this.done + updates;
    while (this.done < until) await new Promise(setImmediate);
  }

  /** Ends it. @returns what is in stock. */
  async end(): Promise<number> {
    this.#over = true;
    await Promise.all(this.#running);
    const left = await this.caches[0].update(this.#key, (stock) => stock, { initial: START });
    await Promise.all(this.clients.map((client) => client.close()));
    return left;
  }

  async #run(cache: CacheEngine): Promise<void> {
    let last = Infinity;
    while (!this.#over) {
      try {
        const left = await cache.update(this.#key, (stock) => stock - 1, { initial: START, ttl: 'never' });
        if (left >= last) this.resets += 1;
        last = left;
        this.done += 1;
      } catch (error) {
        if ((error as { outcome?: string }).outcome !== 'not-sent') this.unknown += 1;
        await new Promise(setImmediate);
      }
    }
  }
}

describeReal('updates under way', () => {
  it(
    'lose nothing when idle connections of another server are closed',
    async () => {
      await using a = await startMemcached();
      await using b = await startMemcached();
      await using proxy = await FaultProxy.start(b);
      const storm = new Storm([a.address, proxy.address], a.address);
      const neighbour = storm.keyOn(proxy.address, 'k');
      for (let closed = 0; closed < 20; closed += 1) {
        await storm.clients[0].set(neighbour, 1);
        await storm.after(20);
        proxy.cutAll();
        await storm.after(20);
      }
      const left = await storm.end();
      expect([storm.resets, storm.unknown, START - left]).toEqual([0, 0, storm.done]);
    },
    LIMIT_MS,
  );

  it(
    'lose nothing when another server stands still and is killed',
    async () => {
      await using a = await startMemcached();
      const b = await startMemcached();
      const storm = new Storm([a.address, b.address], a.address);
      const neighbour = storm.keyOn(b.address, 'k');
      await storm.clients[0].set(neighbour, 1);
      await b.pause();
      await Promise.allSettled([storm.clients[0].get(neighbour), storm.after(200)]);
      await b.stop();
      await Promise.allSettled([storm.clients[0].get(neighbour), storm.after(200)]);
      await using again = await startMemcached({ port: b.port });
      await storm.after(200);
      const left = await storm.end();
      expect([storm.resets, storm.unknown, START - left]).toEqual([0, 0, storm.done]);
      expect(again.port).toBe(b.port);
    },
    LIMIT_MS,
  );

  it(
    'lose nothing when their own connections are cut: those that were on their way say that nobody knows',
    async () => {
      await using a = await startMemcached();
      await using proxy = await FaultProxy.start(a);
      const storm = new Storm([proxy.address], proxy.address);
      for (let cuts = 0; cuts < 10; cuts += 1) {
        await storm.after(50);
        proxy.cutAll();
      }
      await storm.after(50);
      const taken = START - (await storm.end());
      expect(storm.resets).toBe(0);
      expect(taken).toBeGreaterThanOrEqual(storm.done);
      expect(taken).toBeLessThanOrEqual(storm.done + storm.unknown);
    },
    LIMIT_MS,
  );
});
