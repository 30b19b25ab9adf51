import {
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import type { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { DecoratorError, MemcachedError } from '../../errors.js';
import { traitsOf } from './application-traits.js';
import { likenesses } from './likeness-checks.js';
import { mistakesOf } from './method-checks.js';
import { requestMistakes } from './request-checks.js';
import { DeclaredClasses } from '../methods/declared-classes.js';
import type { DecoratedMethod, Hosted } from '../methods/decorated-method.js';
import type { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME, getModuleCacheToken } from '../instance/module-name.js';
import { placed } from '../methods/place.js';
import { decoratedMethodsOf } from '../methods/stub.js';
import { mistakesOfRoutes } from './route-checks.js';
import { adoptTags } from './tag-adoption.js';
import type { DecoratorsOptions } from '../../options/module-options.js';

const WOULD_DO_NOTHING =
  "so that none of its decorators would do anything; name the class in a module's 'providers' and have it injected";

/**
 * Goes through all that the injector makes when the application starts, and when it loads a module later: refuses
 * decorated methods that would share or lose answers, and connects the objects that Nest's injector did not make.
 */
export class DecoratorExplorer implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #container: ModulesContainer;
  readonly #modules: ModuleRef;
  readonly #loader: LazyModuleLoader;
  readonly #onStart: (traits: readonly string[]) => void;
  readonly #close: () => void | Promise<void>;
  readonly #instance: string;
  readonly #onUnprovided: Required<DecoratorsOptions>['unprovided'];
  readonly #cache: ModuleCache | undefined;
  readonly #watched = new WeakSet<Wrapper>();
  /** Classes that factories have made objects of since the start. */
  readonly #made = new Set<Type>();
  #hasBegun = false;
  #isWatching = false;

  /**
   * @param instance name of the module instance it works for; there is one explorer for each.
   * @param onUnprovided what to do about decorated classes that no module provides.
   * @param cache undefined where decorators are switched off.
   */
  constructor(
    { container, modules, loader, onStart, close }: Application,
    instance: string,
    onUnprovided: Required<DecoratorsOptions>['unprovided'],
    cache: ModuleCache | undefined,
  ) {
    this.#container = container;
    this.#modules = modules;
    this.#loader = loader;
    this.#onStart = onStart;
    this.#close = close;
    this.#instance = instance;
    this.#onUnprovided = onUnprovided;
    this.#cache = cache;
    this.#watchOwnLoading();
  }

  /** @throws {DecoratorError} naming every mistake, a line for each, with class, method and mend. */
  onModuleInit(): void {
    const cache = this.#cache;
    // One explorer may stand in several modules.
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (cache === undefined) return;
    this.#explore(cache);
    this.#tellOfUnprovided();
    cache.serve();
    this.#watchLoading(cache);
  }

  onApplicationBootstrap(): void {
    this.#onStart(traitsOf(this.#container));
  }

  /** Modules that are loaded later get no hook of Nest's. */
  #watchLoading(cache: ModuleCache): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const load = this.#loader.load.bind(this.#loader);
    this.#loader.load = async (...args) => {
      const module = await load(...args);
      this.#explore(cache);
      return module;
    };
  }

  /**
   * The module may itself be loaded later, by a `load` that is under way by now and cannot be wrapped any more. The last thing
   * that it does, once all objects are made, is to ask for the module's reference.
   */
  #watchOwnLoading(): void {
    const loader = this.#loader as unknown as { getTargetModuleRef?: (module: unknown) => ModuleRef };
    const get = loader.getTargetModuleRef;
    if (get === undefined) return;
    loader.getTargetModuleRef = (module) => {
      if (!this.#hasBegun) {
        if (this.#cache !== undefined) {
          this.#explore(this.#cache);
          this.#cache.serve();
          this.#watchLoading(this.#cache);
        }
        this.onApplicationBootstrap();
        this.#hearOfTheEnd();
      }
      loader.getTargetModuleRef = get;
      return get.call(loader, module);
    };
  }

  /** Nest calls the hooks of the modules that were there when it started: one of them tells of the end. */
  #hearOfTheEnd(): void {
    const [present] = this.#container.values();
    present.addProvider({
      provide: Symbol('nestjs-memcached:end'),
      useValue: {
        onApplicationShutdown: (): void | Promise<void> => {
          this.onApplicationShutdown();
          return this.#close();
        },
      },
    });
  }

  /** Leaves the objects to the next application, where they outlive this one, as with hot reload. */
  onApplicationShutdown(): void {
    this.#cache?.retire();
  }

  #explore(cache: ModuleCache): void {
    const mistakes = new Set<string>();
    const wrappers = this.#wrappers();
    for (const mistake of likenesses(wrappers, (type) => this.#oursAmong(type))) mistakes.add(mistake);
    for (const wrapper of wrappers) {
      for (const type of classesOf(wrapper)) DeclaredClasses.provide(type);
      if (isMadeElsewhere(wrapper) && !isMadeOnce(wrapper)) {
        this.#watchFactory(wrapper, cache);
        continue;
      }
      const type = classOf(wrapper);
      if (type === undefined) continue;
      for (const mistake of this.#mistakes(type, cache)) mistakes.add(mistake);
      if (this.#oursAmong(type).length === 0) continue;
      for (const mistake of requestMistakes(wrapper, this.#oursAmong(type), type)) mistakes.add(mistake);
      const problem = this.#connect(wrapper, cache);
      if (problem !== undefined) mistakes.add(`${type.name}: ${problem}`);
    }
    const types = new Set([...wrappers.flatMap((wrapper) => classOf(wrapper) ?? []), ...this.#made]);
    for (const mistake of adoptTags(types, this.#instance, cache)) mistakes.add(mistake);
    // An object that could not be connected has been named by now.
    if (mistakes.size === 0) {
      for (const mistake of wrappers.flatMap((wrapper) => this.#madeBy(wrapper))) mistakes.add(mistake);
    }
    if (mistakes.size > 0) throw new DecoratorError([...mistakes].join('\n'));
  }

  /** As for all that is there when the application starts: what a class that a factory makes stores, or reads. */
  #adoptTagsOf(made: Type, cache: ModuleCache): string[] {
    if (this.#made.has(made)) return [];
    const types = [...this.#wrappers().flatMap((wrapper) => classOf(wrapper) ?? []), ...this.#made, made];
    const mistakes = adoptTags(new Set(types), this.#instance, cache);
    if (mistakes.length === 0) this.#made.add(made);
    return mistakes;
  }

  #wrappers(): Wrapper[] {
    return [...this.#container.values()].flatMap(({ providers, controllers, injectables }) => [
      ...providers.values(),
      ...controllers.values(),
      ...injectables.values(),
    ]);
  }

  #mistakes(type: Type, cache: ModuleCache): string[] {
    return [
      ...decoratedMethodsOf(type).flatMap((method) => this.#unknownInstances(method, type)),
      ...mistakesOfRoutes(type, this.#instance, cache, this.#modules),
      ...this.#oursAmong(type).flatMap((method) => [
        ...mistakesOf(method, type),
        ...this.#compile(method, type, cache),
      ]),
    ];
  }

  /** The decorated methods of a class that use this instance. */
  #oursAmong(type: Type): DecoratedMethod[] {
    return decoratedMethodsOf(type).filter((method) => method.instances(type).includes(this.#instance));
  }

  /** Connects what a factory makes for each request, or for each who injects it; only then is its class known. */
  #watchFactory(wrapper: Wrapper, cache: ModuleCache): void {
    if (this.#watched.has(wrapper)) return;
    this.#watched.add(wrapper);
    const factory = wrapper.metatype as (...args: unknown[]) => unknown;
    wrapper.metatype = async (...args: unknown[]) => this.#adopt(await factory(...args), wrapper, cache);
    for (const made of wrapper.getStaticTransientInstances()) {
      const type = constructorOf(made?.instance);
      // Whose tags are then looked at with those of all others.
      if (type !== undefined) this.#made.add(type);
      this.#adopt(made?.instance, wrapper, cache);
    }
  }

  /** @throws {DecoratorError} naming every mistake in the object's class. */
  #adopt(object: unknown, wrapper: Wrapper, cache: ModuleCache): unknown {
    const type = constructorOf(object);
    const methods = type === undefined ? [] : this.#oursAmong(type);
    if (type === undefined || methods.length === 0) return object;
    DeclaredClasses.provide(type);
    const mistakes = [
      ...this.#mistakes(type, cache),
      ...requestMistakes(wrapper, methods, type),
      ...this.#adoptTagsOf(type, cache),
    ];
    if (mistakes.length > 0) throw new DecoratorError(mistakes.join('\n'));
    this.#give(object as Hosted, cache);
    return object;
  }

  #give(object: Hosted, cache: ModuleCache): void {
    const slot = getModuleCacheToken(this.#instance);
    if (object[slot]?.isRetired ?? true) object[slot] = cache;
  }

  /** @throws {DecoratorError} for decorated classes that no module provides, if they are to be refused. */
  #tellOfUnprovided(): void {
    if (this.#onUnprovided === 'ignore') return;
    const lines = DeclaredClasses.unprovided().flatMap((type) =>
      this.#oursAmong(type)
        .slice(0, 1)
        .map(
          (method) =>
            `${method.place(method.operations[0].decorator)}: no module provides ${type.name}, ${WOULD_DO_NOTHING}`,
        ),
    );
    if (lines.length === 0) return;
    if (this.#onUnprovided === 'refuse') throw new DecoratorError(lines.join('\n'));
    lines.push(
      "Where that is meant, since others use the class or a module that is loaded later, set 'decorators.unprovided' to 'ignore'.",
    );
    new Logger('Memcached').warn(lines.join('\n'));
  }

  /** Looks for objects with decorated methods that a provider has made itself, so that nobody could connect them. */
  #madeBy(wrapper: Wrapper): string[] {
    const holder: unknown = wrapper.instance;
    if (this.#onUnprovided === 'ignore') return [];
    if (isMadeElsewhere(wrapper) || !isMadeOnce(wrapper) || !isObject(holder)) return [];
    const slot = getModuleCacheToken(this.#instance);
    return Object.entries(Object.getOwnPropertyDescriptors(holder)).flatMap(([property, { value }]) => {
      const type = constructorOf(value);
      if (type === undefined || (value as Hosted)[slot] !== undefined) return [];
      return this.#oursAmong(type)
        .slice(0, 1)
        .map(
          (method) =>
            `${method.place(method.operations[0].decorator)}: ${holder.constructor.name}.${property} is a ${type.name} that ` +
            `no module has provided, ${WOULD_DO_NOTHING}`,
        );
    });
  }

  #unknownInstances(method: DecoratedMethod, type: Type): string[] {
    return method
      .instances(type)
      .map((instance, index) => ({ instance, decorator: method.operations[index].decorator }))
      .filter(({ instance }) => instance !== this.#instance && !this.#isKnown(instance))
      .map(({ decorator, instance }) => {
        const missing =
          instance === DEFAULT_NAME
            ? `there is no MemcachedModule without a name; say which one is meant by name: '${this.#instance}'`
            : `there is no MemcachedModule with the name '${instance}'; import one, or mend the decorator's 'name'`;
        return `${method.place(decorator)}: ${missing}`;
      });
  }

  #isKnown(instance: string): boolean {
    try {
      this.#modules.get(getModuleCacheToken(instance), { strict: false });
      return true;
    } catch {
      return false;
    }
  }

  /** Compiles a method's decorators now rather than at the first call, and has their options read. */
  #compile(method: DecoratedMethod, type: Type, cache: ModuleCache): string[] {
    try {
      const instances = method.instances(type);
      method.compile(type).forEach(({ policy, varyBy, types, ownPattern, form }, index) => {
        const { decorator, usesDefaultKey } = method.operations[index];
        if (instances[index] !== this.#instance) return;
        const place = method.place(decorator);
        placed(place, () => {
          if (policy !== undefined) cache.policy(policy, place);
          for (const source of varyBy) cache.varySource(source);
          if (types !== undefined) cache.storeClasses(types());
          if (usesDefaultKey) cache.claimName(type);
          if (form !== undefined) cache.nameGroup(form);
          if (ownPattern !== undefined) cache.claimPattern(`${decorator} ${ownPattern}`, method, type);
        });
      });
      return [];
    } catch (error) {
      if (error instanceof MemcachedError) return [error.message];
      throw error;
    }
  }

  /** @returns why the objects of a provider could not get the cache, if so. */
  #connect(wrapper: Wrapper, cache: ModuleCache): string | undefined {
    if (!isMadeOnce(wrapper)) {
      if (wrapper.host === undefined || canSee(wrapper.host, getModuleCacheToken(this.#instance))) {
        return undefined;
      }
      return (
        `its objects are made for each request, in ${wrapper.host.name}, which does not see the MemcachedModule; ` +
        `import it there, or make it global ('isGlobal: true')`
      );
    }
    this.#give(wrapper.instance as Hosted, cache);
    return undefined;
  }
}

type ModuleHost = Parameters<ModulesContainer['set']>[1];
type Wrapper = NonNullable<ReturnType<ModuleHost['getProviderById']>>;

/** What an explorer is told of its application. */
interface Application {
  readonly container: ModulesContainer;
  readonly modules: ModuleRef;
  readonly loader: LazyModuleLoader;
  /** Called once it has started, with what it is known by. */
  readonly onStart: (traits: readonly string[]) => void;
  /** Ends the service and what looks at it, where nobody else does. */
  readonly close: () => void | Promise<void>;
}

/** Every class that a provider can be said to provide: its token, where a test put something else, and what is there. */
function classesOf(wrapper: Wrapper): Type[] {
  const named = [wrapper.token, wrapper.metatype].filter((type) => typeof type === 'function');
  const type = constructorOf(wrapper.instance);
  return [...(named as Type[]), ...(type === undefined ? [] : [type])];
}

/** The class of what a provider provides; undefined where that is no object. */
function classOf(wrapper: Wrapper): Type | undefined {
  if (!isMadeElsewhere(wrapper)) {
    return typeof wrapper.metatype === 'function' ? (wrapper.metatype as Type) : undefined;
  }
  return constructorOf(wrapper.instance);
}

/** The class of an object; asks its prototype, as a proxy may refuse to be read before the first request. */
function constructorOf(object: unknown): Type | undefined {
  if (!isObject(object)) return undefined;
  const type = (Object.getPrototypeOf(object) as object | null)?.constructor;
  return typeof type === 'function' && typeof type.prototype === 'object' ? (type as Type) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether there is one object of a provider, and it is there by now. */
function isMadeOnce(wrapper: Wrapper): boolean {
  return !wrapper.isTransient && wrapper.isDependencyTreeStatic();
}

/** Whether a provider is a value, or what a factory returned, and no class that Nest makes an object of. */
function isMadeElsewhere(wrapper: Wrapper): boolean {
  return wrapper.isNotMetatype || wrapper.inject != null;
}

/** Whether Nest would find a token for a provider of this module: in itself, or exported by what it imports. */
function canSee(module: ModuleHost, token: symbol): boolean {
  if (module.providers.has(token)) return true;
  const seen = new Set<ModuleHost>();
  const offers = (other: ModuleHost): boolean => {
    if (seen.has(other)) return false;
    seen.add(other);
    if (other.exports.has(token)) return true;
    return [...other.imports].some((inner) => other.exports.has(inner.metatype) && offers(inner));
  };
  return [...module.imports].some(offers);
}
