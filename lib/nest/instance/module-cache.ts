import { Logger, type LoggerService, type Type } from '@nestjs/common';
import type { CacheEngine } from '../../cache/cache-engine.js';
import { DecoratorError } from '../../errors.js';
import type { Constructor } from '../../options/codec-options.js';
import type { CachePolicy } from '../../options/cache-options.js';
import { ResolvedPolicy } from '../../options/cache-policy.js';
import { type CompiledKey, type KeyForm, partOfKey } from '../keys/key-template.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import type { KeyGroups } from './key-groups.js';
import { KeyHolders } from './key-holders.js';
import { UncachedCalls } from './uncached-calls.js';
import type { VaryBy, VarySources } from '../../options/vary-by.js';

/**
 * What connects the decorated methods of one application to one of its module instances; found on the objects whose
 * methods are decorated, where Nest's injector puts it.
 */
export class ModuleCache {
  /** The caches of the applications that run in this process. */
  static readonly #serving = new Set<ModuleCache>();

  readonly name: string;
  readonly service: CacheMethods;
  readonly uncached: UncachedCalls;
  readonly keys = new KeyHolders();
  readonly #varyBy: VarySources;
  readonly #policies = new WeakMap<object, ResolvedPolicy>();
  /** What was asked for last, which is often asked for again. */
  #lastPolicy: object | undefined;
  #lastResolved: ResolvedPolicy | undefined;
  readonly #owners = new Map<string, Type>();
  readonly #adopted = new WeakMap<object, Adopted>();
  #isRetired = false;

  /** @param name of the module instance: those of one name are one, so that default keys of others are apart. */
  constructor(
    service: CacheMethods,
    varyBy: VarySources,
    logger: LoggerService = new Logger('Memcached'),
    name: string = DEFAULT_NAME,
  ) {
    this.name = name;
    this.uncached = service.uncached ?? new UncachedCalls(logger);
    this.service = service;
    this.#varyBy = varyBy;
  }

  /** Whether an application with a `MemcachedModule` runs in this process. */
  static get anyServes(): boolean {
    return ModuleCache.#serving.size > 0;
  }

  /** Its application has started: whoever is to have this cache has it by now. */
  serve(): void {
    ModuleCache.#serving.add(this);
  }

  /** Whether its application has shut down, so that another one may have the objects that hold it. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  retire(): void {
    this.#isRetired = true;
    ModuleCache.#serving.delete(this);
  }

  /**
   * Reads a decorator's policy over the defaults of this instance; once for each policy.
   *
   * @param tags of this call, beside those of the policy.
   * @param isForced whether this call computes whatever is stored.
   * @throws {InvalidOptionsError} with the path of the wrong option.
   */
  policy(
    policy: CachePolicy<never>,
    path: string,
    tags: readonly string[] = [],
    isForced = false,
  ): ResolvedPolicy {
    let resolved = policy === this.#lastPolicy ? this.#lastResolved : this.#policies.get(policy);
    if (resolved === undefined) {
      // A service that a test put in the real one's place may well know nothing of policies.
      resolved = this.service.policy?.(policy, path) ?? (policy as ResolvedPolicy);
      // Interceptors and resolvers write into what they get.
      if (resolved instanceof ResolvedPolicy && resolved.share === undefined)
        resolved = resolved.with({ share: 'copy' });
      this.#policies.set(policy, resolved);
    }
    this.#lastPolicy = policy;
    this.#lastResolved = resolved;
    return tags.length === 0 && !isForced ? resolved : ofOneCall(resolved, tags, isForced);
  }

  /** Has the keys of a template counted as one group, under its name. */
  nameGroup({ prefix, template }: KeyForm): void {
    // A service that a test put in the real one's place counts nothing.
    this.service.groups?.add(prefix, template);
  }

  /** Keeps what a writer's values have to be like, since those who read them go by it. */
  adopt(writer: object, adopted: Adopted): void {
    this.#adopted.set(writer, adopted);
  }

  /** What was adopted for a writer. */
  adopted(writer: object): Adopted {
    return this.#adopted.get(writer) ?? NOTHING_ADOPTED;
  }

  /**
   * Has instances of classes stored as what they are, each under its class's name.
   *
   * @throws {DecoratorError} where two classes have one name, or the codec knows no classes.
   */
  storeClasses(classes: readonly Constructor[]): void {
    for (const type of classes) {
      if (type.name === '') throw new DecoratorError('types: a class without a name; give it one');
      try {
        // A service that a test put in the real one's place stores what it likes.
        this.service.client?.storeClasses?.({ [type.name]: type });
      } catch (error) {
        throw new DecoratorError(`types: ${(error as Error).message}`);
      }
    }
  }

  /**
   * Lets a class use its name in default keys.
   *
   * @throws {DecoratorError} when another class of the same name does so already: their values would meet.
   */
  claimName(owner: Type): void {
    const holder = this.#owners.get(owner.name);
    if (holder === owner) return;
    if (owner.name === '') {
      throw new DecoratorError("a class without a name has no default key; give the method a 'key'");
    }
    if (holder !== undefined) {
      throw new DecoratorError(
        `two classes are called ${owner.name}, and the default keys of their methods would meet; ` +
          `rename one of them, or give its methods a 'key'`,
      );
    }
    this.#owners.set(owner.name, owner);
  }

  /**
   * Writes what a key depends on beside the arguments.
   *
   * @returns a text to stand behind the key, or nothing.
   * @throws {DecoratorError} for a value that is undefined: the key would be shared by all who have none.
   */
  varied(varyBy: readonly VaryBy[]): string {
    let suffix = '';
    for (const source of varyBy) {
      const name = typeof source === 'string' ? source : 'varyBy';
      const value = this.varySource(source)();
      if (value === undefined) {
        throw new DecoratorError(
          `${name === 'varyBy' ? 'a function in varyBy returned' : `varyBy '${name}' is`} undefined; ` +
            'a value shared by all callers without one would be served to the wrong of them',
        );
      }
      suffix += `|${partOfKey(value, name)}`;
    }
    return suffix;
  }

  /** @throws {DecoratorError} for a name that the module's options do not know. */
  varySource(source: VaryBy): () => unknown {
    if (typeof source === 'function') return source;
    if (Object.hasOwn(this.#varyBy, source)) return this.#varyBy[source];
    const known = Object.keys(this.#varyBy);
    const mend =
      known.length === 0
        ? `name it in the module's options: decorators: { varyBy: { ${source}: () => … } }`
        : `known are ${known.join(', ')}`;
    throw new DecoratorError(`varyBy '${source}' is not known; ${mend}`);
  }
}

/** What a writer's values are like, so that they are to their readers what these would have stored themselves. */
export interface Adopted {
  /** Tags that the readers look for. */
  readonly tags: readonly CompiledKey[];
  /** The writer's policy with the readers' `grace`; undefined where it has that. */
  readonly policy?: CachePolicy<never> | undefined;
  /** Of whom it is not known whether they read what is written. */
  readonly doubt?: string | undefined;
}

const NOTHING_ADOPTED: Adopted = { tags: [] };

/** What decorated methods need of a `MemcachedService`, so that a test may put its own in its place. */
export type CacheMethods = Pick<
  CacheEngine,
  'getOrSet' | 'getOrSetMany' | 'get' | 'set' | 'invalidate' | 'invalidateTags' | 'update'
> &
  Partial<Pick<CacheEngine, 'policy' | 'beginSet'>> & {
    readonly uncached?: UncachedCalls;
    readonly groups?: KeyGroups;
    readonly client?: { storeClasses?: (types: Readonly<Record<string, Constructor>>) => void };
  };

/** A policy for one call, with tags and a wish of its own. */
function ofOneCall(policy: ResolvedPolicy, tags: readonly string[], isForced: boolean): ResolvedPolicy {
  const copy = Object.create(Object.getPrototypeOf(policy) as object) as ResolvedPolicy;
  const { tags: own = [] } = policy as { readonly tags?: readonly string[] };
  return Object.assign(copy, policy, { tags: [...own, ...tags] }, isForced ? { forceFresh: true } : {});
}
