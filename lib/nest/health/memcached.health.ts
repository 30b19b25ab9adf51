import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { type MemcachedError, ServerError, UnsupportedError } from '../../errors.js';
import { systemClock } from '../../cache/clock.js';
import type { PartFailure } from '../../client/many-result.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import type { MemcachedService } from '../memcached.service.js';
import { getMemcachedToken } from '../tokens.js';
import {
  type ClusterCheckOptions,
  type HealthOptions,
  resolveHealthOptions,
  type ResolvedHealthOptions,
} from '../../options/health-options.js';
import { type HealthState, judgeCluster, type NodeHealth } from './judge-cluster.js';
import {
  type HealthReason,
  judgeNode,
  lookAt,
  owedReason,
  type NodeLimits,
  type NodeLook,
  reasonOf,
} from './judge-node.js';
import type { ClusterReport } from '../cluster-report.js';
import type { ServerFigures } from '../server-figures.js';
import { isMemcachedsOwn, readSample } from './node-figures.js';
import { knowsDegraded } from './terminus.js';
import { unixMs } from '../../unix-time.js';

/** By how much the whole round may outlast the time-out of its commands, which is what should end it. */
const MARGIN_MS = 100;

/** One server in the answer of a check. */
export interface MemcachedNodeEntry extends ServerFigures {
  /** The server gives no statistics, as proxies and serverless caches do not: that it answers is all that is known. */
  readonly stats?: 'unavailable';
  readonly state: HealthState;
  readonly weight: number;
  /** Invalidations this process owes the server; `overflow` where they are more than it remembers. */
  readonly owed: number | 'overflow';
}

/** The answer of a check, under its key. */
export interface MemcachedHealthEntry {
  /**
   * What the check means for the application: `down` only where the cache is `critical`. With Terminus 12, and without
   * Terminus, it may also be `degraded`, which the types of Terminus 11 do not let one say here; `state` has no such limits.
   */
  readonly status: 'up' | 'down';
  /** How the cluster is doing, whatever that means for the application. */
  readonly state: HealthState;
  /** Share of the weights that answers, from 0 to 1. */
  readonly upWeight: number;
  /** What is wrong, worst first; empty when all is well. */
  readonly reasons: readonly HealthReason[];
  /** By server, `host:port`. */
  readonly nodes: Readonly<Record<string, MemcachedNodeEntry>>;
  /** What the near cache of this process keeps, and how it does: told, and not judged. Absent without one. */
  readonly near?: NonNullable<ClusterReport['near']>;
}

/** What a check resolves to; Terminus takes it as it is. */
export type MemcachedHealthResult<Key extends string = string> = Record<
  Key,
  MemcachedHealthEntry & Record<string, unknown>
>;

/**
 * Tells how the memcached servers are, weighed by their weights; made for Terminus, works without it.
 *
 * Never rejects, and answers within its time-out: a cache that cannot be asked is an answer, too.
 *
 * @see https://docs.nestjs.com/recipes/terminus
 * @example
 * return this.health.check([() => this.memcached.clusterCheck('memcached')]);
 */
export class MemcachedHealthIndicator {
  readonly #modules: ModuleRef;
  readonly #container: ModulesContainer;
  readonly #instance: string;
  readonly #rounds = new Map<string, Promise<Seen[]>>();
  readonly #looks = new Map<string, NodeLook>();

  /** @param instance name of the module instance that is looked at where the options name none. */
  constructor(modules: ModuleRef, container: ModulesContainer, instance: string = DEFAULT_NAME) {
    this.#modules = modules;
    this.#container = container;
    this.#instance = instance;
  }

  /**
   * Looks whether the servers answer.
   *
   * @param key the name of the entry in the health answer.
   */
  pingCheck<const Key extends string>(
    key: Key,
    options: HealthOptions = {},
  ): Promise<MemcachedHealthResult<Key>> {
    return this.#check(key, 'pingCheck', options, (service, timeout) => this.#ping(service, timeout));
  }

  /**
   * Judges every server by its `stats`: whether it answers, accepts connections and has some left, has refused or lost
   * something since the last look, was restarted, keeps the time, has cas tokens. Reports what it says about its memory,
   * hits and evictions. What gives no `stats` is judged by whether it answers at all.
   *
   * Calls at the same time share one round of `stats`.
   *
   * @param key the name of the entry in the health answer.
   */
  clusterCheck<const Key extends string>(
    key: Key,
    options: ClusterCheckOptions = {},
  ): Promise<MemcachedHealthResult<Key>> {
    return this.#check(key, 'clusterCheck', options, (service, timeout, instance) =>
      this.#look(instance, service, timeout),
    );
  }

  async #check<Key extends string>(
    key: Key,
    check: 'pingCheck' | 'clusterCheck',
    options: ClusterCheckOptions,
    ask: (service: MemcachedService, timeout: number, name: string) => Promise<Seen[]>,
  ): Promise<MemcachedHealthResult<Key>> {
    let critical = false;
    let entry: Omit<MemcachedHealthEntry, 'status'>;
    try {
      const resolved = resolveHealthOptions(options, check);
      critical = resolved.critical;
      const { name = this.#instance, timeout } = resolved;
      const service = this.#modules.get<MemcachedService>(getMemcachedToken(name), { strict: false });
      const seen = await this.#shared(`${check} ${name} ${timeout}`, () => ask(service, timeout, name));
      const { near } = service;
      entry = { ...entryOf(seen, resolved), ...(near === undefined ? {} : { near }) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      entry = { state: 'down', upWeight: 0, reasons: [{ code: 'error', server: '', message }], nodes: {} };
    }
    const status = statusOf(
      entry.state,
      critical,
      knowsDegraded(this.#container),
    ) as MemcachedHealthEntry['status'];
    return { [key]: { status, ...entry } } as MemcachedHealthResult<Key>;
  }

  /** One round of questions for all who ask at the same time. */
  #shared(name: string, ask: () => Promise<Seen[]>): Promise<Seen[]> {
    let round = this.#rounds.get(name);
    if (round === undefined) {
      round = ask().finally(() => this.#rounds.delete(name));
      this.#rounds.set(name, round);
    }
    return round;
  }

  async #ping(service: MemcachedService, timeout: number): Promise<Seen[]> {
    const versions = await inTime(service.version({ timeout }), timeout);
    if (versions === undefined) return allSilent(service, timeout);
    return service.topology().map(({ server, weight, owed }) => {
      const version = versions.get(server);
      const failure = version === undefined ? failureOf(server, versions.failures) : undefined;
      return { server, weight, owed, failure, figures: version === undefined ? {} : { version } };
    });
  }

  async #look(instance: string, service: MemcachedService, timeout: number): Promise<Seen[]> {
    const askedMs = unixMs();
    const answers = await inTime(service.stats(undefined, { timeout }), timeout);
    if (answers === undefined) return allSilent(service, timeout);
    const answeredMs = unixMs();
    const topology = service.topology();
    this.#forgetAllBut(instance, topology);
    const silent = answers.failures.some(({ error }) => givesNoStats(error));
    const left = Math.max(1, timeout - (answeredMs - askedMs));
    const versions = silent ? await inTime(service.version({ timeout: left }), left) : undefined;
    return topology.map(({ server, weight, owed, hasCas }): Seen => {
      const stats = answers.get(server);
      const version = versions?.get(server) ?? (stats?.version as string | undefined);
      const answersOnly = stats === undefined ? versions?.has(server) === true : !isMemcachedsOwn(stats);
      if (answersOnly) {
        return {
          server,
          weight,
          owed,
          figures: { ...(version === undefined ? {} : { version }), stats: 'unavailable' },
        };
      }
      if (stats === undefined) {
        return { server, weight, owed, failure: failureOf(server, answers.failures) };
      }
      const place = placeOf(instance, server);
      const before = this.#looks.get(place);
      const now = lookAt(readSample(stats, hasCas, askedMs, answeredMs), before);
      this.#looks.set(place, now);
      return { server, weight, owed, figures: now.sample.figures, now, before };
    });
  }

  /** Servers that are not in the list any more are nobody's concern. */
  #forgetAllBut(instance: string, topology: readonly { readonly server: string }[]): void {
    const present = new Set(topology.map(({ server }) => placeOf(instance, server)));
    const prefix = placeOf(instance, '');
    for (const place of this.#looks.keys()) {
      if (place.startsWith(prefix) && !present.has(place)) this.#looks.delete(place);
    }
  }
}

function placeOf(instance: string, server: string): string {
  return `${JSON.stringify(instance)} ${server}`;
}

/** Whether a server has been reached and has no answer to `stats`: proxies hang up on it, and others refuse it. */
function givesNoStats(error: MemcachedError): boolean {
  return (
    error instanceof UnsupportedError ||
    (error instanceof ServerError && reasonOf('', error).code === 'error')
  );
}

/** What one round has found out about a server; judged by each caller's own limits. */
interface Seen {
  readonly server: string;
  readonly weight: number;
  /** Invalidations it is owed, `Infinity` for more than are remembered. */
  readonly owed: number;
  /** Why it gave no answer, if it gave none. */
  readonly failure?: HealthReason | undefined;
  readonly figures?: ServerFigures & { readonly stats?: 'unavailable' };
  readonly now?: NodeLook;
  readonly before?: NodeLook | undefined;
}

function entryOf(
  seen: readonly Seen[],
  options: ResolvedHealthOptions,
): Omit<MemcachedHealthEntry, 'status'> {
  const nodes = seen.map((one) => ({ server: one.server, owed: one.owed, ...nodeHealth(one, options) }));
  return {
    ...judgeCluster(nodes, options),
    reasons: ['down', 'degraded'].flatMap((state) =>
      nodes.filter((node) => node.state === state).flatMap((node) => node.reasons),
    ),
    nodes: Object.fromEntries(
      nodes.map(({ server, state, weight, owed, figures }) => [
        server,
        // What is endless is null in JSON.
        { state, weight, owed: owed === Infinity ? 'overflow' : owed, ...figures },
      ]),
    ),
  };
}

function nodeHealth(
  { server, weight, owed, failure, figures = {}, now, before }: Seen,
  limits: NodeLimits,
): NodeHealth {
  if (failure !== undefined) return { state: 'down', weight, figures, reasons: [failure] };
  const reasons = now === undefined ? [] : judgeNode(server, now, before, limits);
  if (owed === Infinity) reasons.push(owedReason(server));
  return { state: reasons.length === 0 ? 'up' : 'degraded', weight, figures, reasons };
}

function failureOf(server: string, failures: readonly PartFailure[]): HealthReason {
  const failure = failures.find((part) => part.server === server);
  if (failure !== undefined) return reasonOf(server, failure.error);
  return { code: 'no-answer', server, message: `${server}: has only just joined the cluster` };
}

function statusOf(state: HealthState, critical: boolean, degradedIsKnown: boolean): HealthState {
  if (state === 'up') return 'up';
  if (state === 'down' && critical) return 'down';
  return degradedIsKnown ? 'degraded' : 'up';
}

/** What is known of servers that were asked in vain. */
function allSilent(service: MemcachedService, timeoutMs: number): Seen[] {
  const topology = service.topology();
  if (topology.length === 0) throw new Error(`no server is known within ${timeoutMs} ms`);
  return topology.map(({ server, weight, owed }) => {
    const message = `${server}: no answer within ${timeoutMs} ms`;
    return { server, weight, owed, failure: { code: 'no-answer', server, message } };
  });
}

/** Waits no longer than a command may take, whatever keeps it; `undefined` when that is over. */
function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = systemClock.after(timeoutMs + MARGIN_MS, () => resolve(undefined));
    answer.then(resolve, reject).finally(giveUp);
  });
}
