import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { AsyncResource } from 'node:async_hooks';
import { hostname } from 'node:os';
import type { Readable } from 'node:stream';
import type { ItemFacts } from '../client/item-looks.js';
import { InvalidOptionsError, MemcachedError } from '../errors.js';
import { MemcachedService } from '../nest/memcached.service.js';
import { DEFAULT_NAME } from '../options/client-options.js';
import type { ResolvedDashboardOptions } from '../options/dashboard-options.js';
import { answeringFor, lookAt, sinceStored } from '../store/item-look.js';
import { clearTimeout, setTimeout } from '../timers.js';
import { EventStreams } from './event-streams.js';
import { InstanceWatch } from './instance-watch.js';

/** What the page shows and does, whatever it is served by. */
export class Dashboard implements OnApplicationBootstrap, OnModuleDestroy {
  readonly options: ResolvedDashboardOptions;
  readonly #modules: ModuleRef;
  readonly #container: ModulesContainer;
  readonly #streams: EventStreams;
  /** The async context of no request: looks are everybody's, whoever was the first to watch. */
  readonly #outside = new AsyncResource('nestjs-memcached');
  #watches: readonly InstanceWatch[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isWatched = false;
  #isOver = false;

  constructor(options: ResolvedDashboardOptions, modules: ModuleRef, container: ModulesContainer) {
    this.options = options;
    this.#modules = modules;
    this.#container = container;
    this.#streams = new EventStreams((isWatched) => this.#audience(isWatched));
  }

  /** @throws {InvalidOptionsError} for an instance that the application does not have. */
  onApplicationBootstrap(): void {
    const { instances, history } = this.options;
    const found = this.#instances();
    const names = instances ?? [...found.keys()];
    const missing = names.find((name) => !found.has(name));
    if (missing !== undefined || names.length === 0) {
      const known = found.size === 0 ? 'there is none' : `there are ${[...found.keys()].join(', ')}`;
      throw new InvalidOptionsError(
        'instances',
        `the dashboard finds no MemcachedModule ${missing === undefined ? '' : `'${missing}' `}in this application; ${known}`,
      );
    }
    this.#watches = names.map((name) => new InstanceWatch(name, found.get(name)!, history));
    if (history > 0) void this.#lookAgain();
  }

  onModuleDestroy(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#streams.close();
    for (const watch of this.#watches) watch.watched(false);
  }

  /** Whether one more may watch. */
  get hasRoom(): boolean {
    return this.#streams.size < this.options.maxClients && !this.#isOver;
  }

  /** Begins to tell somebody what happens. */
  events(): Readable {
    const { evict, interval, history } = this.options;
    const instances = this.#watches.map((watch) => ({
      name: watch.name,
      history: watch.history,
      latest: watch.latest,
    }));
    const process_ = `${hostname()} ${process.pid}`;
    return this.#streams.open([
      { event: 'hello', data: { process: process_, evict, interval, historyMs: history, instances } },
    ]);
  }

  /** Where a key lives, and what is said of it there. Never its value. */
  async find(instance: string, key: string): Promise<FoundKey | NowhereToLook | undefined> {
    const memcached = this.#watches.find(({ name }) => name === instance)?.memcached;
    if (memcached === undefined) return undefined;
    let server: string;
    try {
      server = memcached.serverFor(key);
    } catch (error) {
      // Such as that discovery has not found a list yet.
      if (error instanceof MemcachedError) return { key, instance, problem: error.message };
      throw error;
    }
    const acting = answeringFor(memcached.client, key) ?? server;
    const [own, standIn] = await Promise.all([
      lookedAt(memcached, key, server),
      acting === server ? undefined : lookedAt(memcached, key, acting),
    ]);
    return { key, instance, ...own, standIn };
  }

  /** Invalidates a key, so that no value of before is served again. @returns whether there is such an instance. */
  async evict(instance: string, key: string): Promise<boolean> {
    const memcached = this.#watches.find(({ name }) => name === instance)?.memcached;
    await memcached?.invalidate(key);
    return memcached !== undefined;
  }

  /** Every service of the application by the name of its module. */
  #instances(): Map<string, MemcachedService> {
    const found = new Map<string, MemcachedService>();
    for (const { providers } of this.#container.values()) {
      for (const token of providers.keys()) {
        // The instance without a name is provided under the class itself.
        const name =
          token === MemcachedService
            ? DEFAULT_NAME
            : typeof token === 'symbol' &&
              /^nestjs-memcached:service:(.+)$/.exec(token.description ?? '')?.[1];
        if (!name || found.has(name)) continue;
        const service: unknown = this.#modules.get(token as symbol, { strict: false });
        // Tests put doubles in its place.
        if (service instanceof MemcachedService) found.set(name, service);
      }
    }
    return found;
  }

  #audience(isWatched: boolean): void {
    this.#isWatched = isWatched;
    if (this.#isOver) return;
    for (const watch of this.#watches) watch.watched(isWatched);
    if (isWatched && this.options.history === 0) void this.#outside.runInAsyncScope(() => this.#lookAgain());
  }

  async #lookAgain(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#watches.map((watch) => this.#lookAt(watch)));
    if (this.#isOver || (this.options.history === 0 && !this.#isWatched)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#lookAgain(), this.options.interval).unref();
  }

  async #lookAt(watch: InstanceWatch): Promise<void> {
    try {
      const look = await watch.look();
      if (!this.#isOver) this.#streams.send({ event: 'look', data: look });
    } catch (error) {
      // Such as discovery that has found no server: the next look may find one.
      const problem = error instanceof Error ? error.message : String(error);
      if (!this.#isOver) this.#streams.send({ event: 'problem', data: { instance: watch.name, problem } });
    }
  }
}

/** What is known of a key: what its own server says, and what is there meanwhile where another one answers in its place. */
export interface FoundKey extends LookedAt {
  readonly key: string;
  readonly instance: string;
  readonly standIn?: LookedAt;
}

/** What is said of a key while there are no servers. */
export interface NowhereToLook {
  readonly key: string;
  readonly instance: string;
  readonly problem: string;
}

/** What one server says of an item. */
interface LookedAt extends Partial<Omit<Extract<ItemFacts, { there: true }>, 'there' | 'note'>> {
  readonly server: string;
  readonly state: string;
  readonly dialect?: string;
  /** Whether a value is there; absent where the server says nothing. */
  readonly there?: boolean;
  /** Whether no value is there but the mark of a load that left none to store. */
  readonly mark?: true;
  /** Whether no value is there but one of which a tag was invalidated. */
  readonly invalidated?: true;
  /** Whether it is not known if a tag of the value was invalidated. */
  readonly tagsUnknown?: true;
  /** Why its server says nothing of it. */
  readonly problem?: string;
}

async function lookedAt(memcached: MemcachedService, key: string, server: string): Promise<LookedAt> {
  const told = await said(memcached, key, server);
  const { state, dialect } = memcached.topology().find((node) => node.server === server) ?? { state: 'left' };
  return { server, state, dialect, ...told };
}

async function said(
  memcached: MemcachedService,
  key: string,
  server: string,
): Promise<Omit<LookedAt, 'server' | 'state'>> {
  try {
    const item = await lookAt(memcached.client, key, server);
    if (!item.there) return item;
    const { note, ...facts } = item;
    if (note.isMark) return { ...facts, there: false, mark: true };
    const since = await sinceStored(memcached.client, note.tags);
    if (since === 'invalidated') return { ...facts, there: false, invalidated: true };
    if (since === 'unknown') return { ...facts, tagsUnknown: true };
    return since === 'stale' ? { ...facts, stale: true } : facts;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
