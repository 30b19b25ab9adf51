import type { MemcachedClient } from '../client/client.js';
import type { GeneralStats } from '../client/stats.js';
import { Collected } from './collected.js';
import type { Metric, Sample } from './metric.js';
import { SERVER_FIGURES } from './server-figures.js';

/** Commands that memcached counts by hits and misses. */
const COUNTED = ['get', 'delete', 'incr', 'decr', 'cas', 'touch'] as const;

/**
 * What servers say of themselves, under the names of Prometheus's own exporter for memcached, with the label `server` where
 * that has one target for each server.
 *
 * @see https://github.com/prometheus/memcached_exporter
 */
export function serverMetrics(clients: readonly MemcachedClient[], timeoutMs: number): Metric[] {
  const scrape = new Scrape(clients, timeoutMs);
  const metric = (
    name: string,
    help: string,
    type: 'counter' | 'gauge',
    samples: (server: string, stats: GeneralStats) => readonly Sample[],
  ): Metric =>
    new Collected(`memcached_${name}`, help, type, 'max', async () => {
      const { answers } = await scrape.get();
      return [...answers].flatMap(([server, stats]) => samples(server, stats));
    });
  return [
    new Collected('memcached_up', 'Could the memcached server be reached.', 'gauge', 'max', async () => {
      const { answers, silent } = await scrape.get();
      return [
        ...Array.from(answers.keys(), (server) => ({ labels: { server }, value: 1 })),
        ...silent.map((server) => ({ labels: { server }, value: 0 })),
      ];
    }),
    metric('version', 'The version of this memcached server.', 'gauge', (server, { version }) => [
      { labels: { server, version }, value: 1 },
    ]),
    metric(
      'commands_total',
      'Total number of all requests broken down by command (get, set, etc.) and status.',
      'counter',
      commandsOf,
    ),
    ...SERVER_FIGURES.map(([name, stat, type, help]) =>
      metric(name, help, type, (server, stats) => figure(stats, stat, { server })),
    ),
  ];
}

function commandsOf(server: string, stats: GeneralStats): Sample[] {
  const cas = ['cas_hits', 'cas_misses', 'cas_badval'].reduce((sum, name) => sum + numberOf(stats, name), 0);
  return [
    ...COUNTED.flatMap((command) => [
      ...figure(stats, `${command}_hits`, { server, command, status: 'hit' }),
      ...figure(stats, `${command}_misses`, { server, command, status: 'miss' }),
    ]),
    ...figure(stats, 'cas_badval', { server, command: 'cas', status: 'badval' }),
    ...figure(stats, 'cmd_flush', { server, command: 'flush', status: 'hit' }),
    // Memcached counts a cas among its sets as well.
    { labels: { server, command: 'set', status: 'hit' }, value: numberOf(stats, 'cmd_set') - cas },
  ];
}

/** A figure, where the server has it. */
function figure(stats: GeneralStats, name: string, labels: Sample['labels']): Sample[] {
  const value = Number(stats[name] ?? NaN);
  return Number.isFinite(value) ? [{ labels, value }] : [];
}

function numberOf(stats: GeneralStats, name: string): number {
  return Number(stats[name] ?? 0);
}

/** What servers answer to one scrape: its metrics ask at the same time, and are answered together. */
class Scrape {
  readonly #clients: readonly MemcachedClient[];
  readonly #timeoutMs: number;
  #asked: Promise<Answers> | undefined;

  constructor(clients: readonly MemcachedClient[], timeoutMs: number) {
    this.#clients = clients;
    this.#timeoutMs = timeoutMs;
  }

  get(): Promise<Answers> {
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  async #ask(): Promise<Answers> {
    const answers = new Map<string, GeneralStats>();
    const silent = new Set<string>();
    // A client that is closed says nothing, which is no matter of the others.
    await Promise.allSettled(
      this.#clients.map(async (client) => {
        try {
          const found = await client.stats('general', { timeout: this.#timeoutMs });
          for (const [server, stats] of found) answers.set(server, stats);
        } finally {
          for (const { server } of client.topology()) if (!answers.has(server)) silent.add(server);
        }
      }),
    );
    return { answers, silent: [...silent].filter((server) => !answers.has(server)) };
  }
}

/** What servers have answered, and which have not. */
interface Answers {
  readonly answers: ReadonlyMap<string, GeneralStats>;
  readonly silent: readonly string[];
}
