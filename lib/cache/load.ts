import { InvalidArgumentError, LoaderTimeoutError } from '../errors.js';
import type { Ttl } from '../options/cache-options.js';
import { MAX_TAGS, type ResolvedPolicy } from '../options/cache-policy.js';
import { bounded, readTtl } from '../options/ttl-option.js';
import type { TracedLoad } from './traced-load.js';
import type { Clock } from './clock.js';
import type { Flight } from './flight.js';
import type { LoadContext, Loader } from './load-context.js';
import type { Order } from './order.js';

/** One call of a loader: what it is told, and what it said. */
export class Load implements LoadContext {
  readonly stale: unknown;
  /** Whole seconds, 0 = never expires; undefined when the loader did not say. */
  ttlSeconds: number | undefined;
  skipped = false;
  readonly tags = new Set<string>();
  /** The order of events when the loader was called: what it returns is new enough for calls that began before. */
  before = 0;
  /** Told once the loader is called. */
  onBegins: (() => void) | undefined;
  readonly #flight: Flight;
  readonly #replaces: boolean;
  readonly #order: Order;

  /** @param stale the value that is replaced, in an object, where there is one. */
  constructor(flight: Flight, stale: { readonly value: unknown } | undefined, order: Order) {
    this.#flight = flight;
    this.#order = order;
    this.stale = stale?.value;
    this.#replaces = stale !== undefined;
    this.begins();
  }

  /** The loader is called now; of a batch it is, once all of its keys have been looked at. */
  begins(): void {
    this.before = this.#order.next();
    this.onBegins?.();
  }

  get key(): string {
    return this.#flight.key;
  }

  /** Whether it was begun for nobody who waits. */
  get isBehind(): boolean {
    return this.#flight.isBehind;
  }

  /** Whether there is a stale value that it replaces. */
  get replaces(): boolean {
    return this.#replaces;
  }

  /** Tells those who wait for it how it is traced. */
  tracedAs(about: TracedLoad): void {
    this.#flight.load = about;
  }

  get signal(): AbortSignal {
    return this.#flight.signal;
  }

  /** Whether nobody waits for what it returns. */
  get isAborted(): boolean {
    return this.#flight.abortion !== undefined;
  }

  setTtl(ttl: Ttl): void {
    this.ttlSeconds = readTtl(ttl, 'ctx.setTtl');
  }

  tag(...tags: string[]): void {
    for (const tag of tags) {
      if (typeof tag !== 'string' || tag === '') {
        throw new InvalidArgumentError(
          `ctx.tag: expected a non-empty string, got ${typeof tag === 'string' ? 'an empty one' : typeof tag}`,
        );
      }
      this.tags.add(tag);
      if (this.tags.size > MAX_TAGS)
        throw new InvalidArgumentError(`ctx.tag: a value bears at most ${MAX_TAGS} tags`);
    }
  }

  skip(): void {
    this.skipped = true;
  }

  unchanged(): never {
    if (this.#replaces) return this.stale as never;
    throw new InvalidArgumentError(
      `ctx.unchanged: there is no stale value of "${this.#flight.key}" to keep; look at ctx.stale first`,
    );
  }
}

/** One call of a loader, for the loads of one or many keys, as those who trace it see it. */
export function aboutLoad(loads: readonly Load[]): TracedLoad {
  const about = {
    keys: loads.map(({ key }) => key),
    refresh: loads.every(({ isBehind }) => isBehind),
    stale: loads.every(({ replaces }) => replaces),
  };
  for (const load of loads) load.tracedAs(about);
  return about;
}

/**
 * Calls a loader, and stops waiting for it when its flight is aborted or `hardTimeout` is over.
 *
 * @param isBatched whether it is called later, together with others: that time is none of the loader's.
 * @throws what the loader throws, or the reason of the abort.
 */
export function callLoader(
  {
    loader,
    policy: { hardTimeoutMs },
  }: { readonly loader: Loader<unknown>; readonly policy: ResolvedPolicy },
  load: Load,
  flight: Flight,
  clock: Clock,
  isBatched: boolean,
): Promise<unknown> {
  const { abortion, key } = flight;
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason is the abort's own
  if (abortion !== undefined) return Promise.reject(abortion.reason);
  return new Promise((resolve, reject) => {
    let callOff: (() => void) | undefined;
    const begins = (): void => {
      if (hardTimeoutMs === 0) return;
      callOff = clock.after(hardTimeoutMs, () => {
        const message = `the loader of "${key}" was still running after ${hardTimeoutMs} ms (hardTimeout)`;
        flight.abort(new LoaderTimeoutError(message, key, hardTimeoutMs));
      });
    };
    const settle = (): void => {
      callOff?.();
      flight.onAbort = undefined;
      load.onBegins = undefined;
    };
    if (isBatched) load.onBegins = begins;
    else begins();
    flight.onAbort = (reason) => {
      settle();
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason is the abort's own
      reject(reason);
    };
    new Promise((_resolve) => _resolve(flight.call(() => loader(load)))).then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- untouched, whatever it is
        reject(error);
      },
    );
  });
}

/**
 * How long a loaded value is fresh.
 *
 * @returns whole seconds, 0 = never expires; undefined when it is not to be stored.
 * @throws {InvalidOptionsError} when the policy's function says something that is no ttl.
 */
export function ttlOf(value: unknown, load: Load | undefined, policy: ResolvedPolicy): number | undefined {
  if (load?.skipped) return undefined;
  if (value === undefined && !policy.cacheUndefined) return undefined;
  if (load?.ttlSeconds !== undefined) return bounded(load.ttlSeconds, policy.maxTtlSeconds);
  if (value === null && policy.nullTtlSeconds !== undefined) return policy.nullTtlSeconds ?? undefined;
  return policyTtl(value, policy);
}

/**
 * How long a value is fresh that is stored in any case.
 *
 * @param given whole seconds, 0 = never expires; undefined leaves it to the policy.
 * @returns likewise.
 * @throws {InvalidOptionsError} when the policy's function says something that is no ttl.
 */
export function storedTtl(value: unknown, given: number | undefined, policy: ResolvedPolicy): number {
  if (given !== undefined) return bounded(given, policy.maxTtlSeconds);
  return (value === null ? policy.nullTtlSeconds : undefined) ?? policyTtl(value, policy);
}

/** What the policy says of any value's ttl: whole seconds, 0 = never expires. */
function policyTtl(value: unknown, policy: ResolvedPolicy): number {
  return (
    policy.ttlSeconds ?? bounded(readTtl(policy.ttlOf?.(value as never), 'policy.ttl'), policy.maxTtlSeconds)
  );
}
