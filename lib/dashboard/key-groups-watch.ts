import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { BoundedMap } from '../bounded-map.js';
import type { CommandMessage } from '../client/diagnostics.js';
import type { CacheMessage } from '../nest/cache-diagnostics.js';
import type { LoadMessage } from '../nest/trace-channels.js';

/** More groups than a cache names. */
const MAX_GROUPS = 500;

/** So many durations of one look are told apart; a busy process makes more, and they say the same. */
const MAX_DURATIONS = 5000;

/** What is counted of reads; how often each happened is in the cache's own counters, but not to which keys. */
const COUNTED = ['hit', 'miss', 'stale'] as const;

/** Commands that are about servers, which nobody's request waits for. */
const OF_SERVERS = new Set(['stats', 'version', 'flush_all', 'mn']);

/**
 * Counts what happens to each group of keys of one cache, and how long commands take. It listens to the diagnostics channels,
 * and so only while somebody watches: a listener costs every read some of its time.
 */
export class KeyGroupsWatch {
  readonly #instance: string;
  #groups = new BoundedMap<string, MutableGroup>(MAX_GROUPS);
  #loading = new Set<LoadMessage & { since?: number }>();
  #durations: number[] = [];
  #commands = 0;
  #stop: (() => void) | undefined;

  /** @param instance what its messages call it, which need not be the name of its module. */
  constructor(instance: string) {
    this.#instance = instance;
  }

  /** Begins anew. */
  start(): void {
    this.stop();
    this.#groups = new BoundedMap<string, MutableGroup>(MAX_GROUPS);
    this.#loading = new Set();
    this.#durations = [];
    this.#commands = 0;
    const stops = [...COUNTED.map((what) => this.#countReads(what)), this.#timeLoads(), this.#timeCommands()];
    this.#stop = () => {
      for (const stop of stops) stop();
    };
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Every group since the start of counting. */
  get groups(): readonly KeyGroup[] {
    return Array.from(this.#groups.entries(), ([group, counts]) => ({ group, ...counts }));
  }

  /** What is being computed now, by group. */
  get loading(): Readonly<Record<string, number>> {
    // Groups may be called anything.
    const counts = Object.create(null) as Record<string, number>;
    for (const { group } of this.#loading) counts[group] = (counts[group] ?? 0) + 1;
    return counts;
  }

  /** How long commands took since this was asked last; `undefined` where there was none. */
  takeLatency(): CommandLatency | undefined {
    const durations = this.#durations.toSorted((a, b) => a - b);
    const count = this.#commands;
    this.#durations = [];
    this.#commands = 0;
    if (durations.length === 0) return undefined;
    const at = (share: number): number =>
      durations[Math.min(durations.length - 1, Math.floor(durations.length * share))];
    return { count, p50: at(0.5), p99: at(0.99) };
  }

  #group(name: string): MutableGroup {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { hits: 0, misses: 0, stale: 0, loads: 0, failures: 0, loadMs: 0, slowestMs: 0 };
      this.#groups.set(name, group);
    }
    return group;
  }

  #countReads(what: (typeof COUNTED)[number]): () => void {
    const field = ({ hit: 'hits', miss: 'misses', stale: 'stale' } as const)[what];
    const onMessage = (message: unknown): void => {
      const { instance, group } = message as CacheMessage;
      if (instance === this.#instance) this.#group(group)[field] += 1;
    };
    const name = `nestjs-memcached:cache:${what}`;
    subscribe(name, onMessage);
    return () => void unsubscribe(name, onMessage);
  }

  #timeLoads(): () => void {
    return onTraced<LoadMessage>(
      'load',
      (message) => {
        if (message.instance === this.#instance) this.#loading.add(message);
      },
      (message) => {
        if (!this.#loading.delete(message)) return;
        const group = this.#group(message.group);
        group.loads += 1;
        if (message.outcome === 'error') group.failures += 1;
        group.loadMs += message.durationMs;
        group.slowestMs = Math.max(group.slowestMs, message.durationMs);
      },
    );
  }

  #timeCommands(): () => void {
    return onTraced<CommandMessage>(
      'command',
      () => undefined,
      ({ instance, operation, durationMs }) => {
        if (instance !== this.#instance || OF_SERVERS.has(operation)) return;
        this.#commands += 1;
        if (this.#durations.length < MAX_DURATIONS) this.#durations.push(durationMs);
        else this.#durations[this.#commands % MAX_DURATIONS] = durationMs;
      },
    );
  }
}

/** What has happened to a group of keys since somebody watches. */
export interface KeyGroup {
  readonly group: string;
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly loads: number;
  /** Loads that failed. */
  readonly failures: number;
  /** Milliseconds that all loads took together. */
  readonly loadMs: number;
  readonly slowestMs: number;
}

/** How long commands took, in milliseconds, what they waited for included. */
export interface CommandLatency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

type MutableGroup = { -readonly [Field in keyof Omit<KeyGroup, 'group'>]: number };

/** Listens to the start and the end of what a tracing channel tells. @returns how to stop. */
function onTraced<Message extends object>(
  name: string,
  onStart: (message: Message) => void,
  onEnd: (message: Message) => void,
): () => void {
  const nothing = (): void => undefined;
  const subscribers = {
    start: (message: unknown) => onStart(message as Message),
    asyncEnd: (message: unknown) => onEnd(message as Message),
    end: nothing,
    asyncStart: nothing,
    error: nothing,
  };
  const channel = tracingChannel(`nestjs-memcached:${name}`);
  channel.subscribe(subscribers);
  return () => channel.unsubscribe(subscribers);
}
