import { randomUUID } from 'node:crypto';
import { LongestWait } from '../../longest-wait.mjs';

const TTL = { ttl: '5m' };

/**
 * What is written by hand where there is no such library, and what is inside most of them: get; load; set; delete on
 * write; a version for each tag. A failing memcached is ignored. It has the shape of the library's cache, so that the
 * same processes can run it.
 */
export class CacheEngine {
  /** @readonly */
  #client;
  /** @readonly */
  #updateByCas;
  /** @readonly */
  #waits = new LongestWait();
  /** @readonly */
  #counts = { leaseWon: 0, miss: 0, casRetry: 0 };

  /** @param options `updateByCas`: gets and cas in a loop until it succeeds, instead of get and set. */
  constructor({ client }, { updateByCas = false }) {
    this.#client = client;
    this.#updateByCas = updateByCas;
  }

  get counters() {
    return { ...this.#counts, longestWaitMs: this.#waits.ms };
  }

  getOrSet(key, loader, { tags = [], ttl = TTL.ttl } = {}) {
    return this.#waits.of(async () => {
      const known = await this.#try(() => this.#client.get(key));
      if (known !== undefined && known.versions === (await this.#versions(tags))) return known.value;
      this.#counts.miss += 1;
      // Nobody has leases here; who calls the loader is who would have one.
      this.#counts.leaseWon += 1;
      const value = await loader();
      const versions = await this.#versions(tags);
      await this.#try(() => this.#client.set(key, { value, versions }, { ttl }));
      return value;
    });
  }

  async invalidate(key) {
    await this.#try(() => this.#client.delete(key));
  }

  async invalidateTags(tag) {
    await this.#try(() => this.#client.set(`tag:${tag}`, randomUUID(), TTL));
  }

  update(key, next, { initial }) {
    return this.#waits.of(async () => {
      if (this.#updateByCas) return this.#updateInLoop(key, next, initial);
      const known = (await this.#client.get(key)) ?? untagged(initial);
      const value = next(known.value);
      await this.#client.set(key, untagged(value));
      return value;
    });
  }

  async close() {}

  async #updateInLoop(key, next, initial) {
    await this.#client.add(key, untagged(initial));
    for (;;) {
      const known = await this.#client.gets(key);
      const value = next(known.value.value);
      if ((await this.#client.cas(key, untagged(value), known.cas)) === 'stored') return value;
      this.#counts.casRetry += 1;
    }
  }

  async #versions(tags) {
    const versions = await Promise.all(tags.map((tag) => this.#try(() => this.#client.get(`tag:${tag}`))));
    return versions.map((version) => version ?? 'none').join();
  }

  #try(work) {
    return work().catch(() => undefined);
  }
}

function untagged(value) {
  return { value, versions: '' };
}
