import {
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import type { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { DecoratorError, MemcachedError } from '../../errors.js';
import { identityOf } from './application-identity.js';
import { claimKeys } from './key-claims.js';
import { DifferingProviders } from './differing-providers.js';
import { mistakesOf } from './method-checks.js';
import { visibleProvider } from '../instance/visible-provider.js';
import {
  classesOf,
  classOf,
  classOfObject,
  isHandedOn,
  isMadeElsewhere,
  isMadeLater,
  isMadeOnce,
  type Provider,
  watchFactory,
} from './provider.js';
import { requestMistakes } from './request-checks.js';
import { DeclaredClasses } from '../methods/declared-classes.js';
import type { DecoratedMethod, Hosted } from '../methods/decorated-method.js';
import type { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import { getModuleCacheToken } from '../instance/module-name.js';
import { withPlace } from '../methods/with-place.js';
import { decoratedMethodsOf } from '../methods/method-wrapper.js';
import { instancesOfRoutes, mistakesOfRoutes } from './route-checks.js';
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
  readonly #onStart: (identity: readonly string[]) => void;
  readonly #close: () => void | Promise<void>;
  readonly #instance: string;
  readonly #onUnprovided: Required<DecoratorsOptions>['unprovided'];
  readonly #cache: ModuleCache | undefined;
  readonly #watched = new WeakSet<Provider>();
  readonly #differing = new DifferingProviders();
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
    this.#onStart(identityOf(this.#container));
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
    const providers = this.#providers();
    for (const provider of providers) {
      const type = isMadeLater(provider) ? undefined : classOf(provider);
      if (type === undefined) continue;
      for (const mistake of this.#differing.mistakes(provider, type, this.#oursAmong(type)))
        mistakes.add(mistake);
    }
    for (const provider of providers) {
      for (const type of classesOf(provider)) DeclaredClasses.provide(type);
      if (isMadeLater(provider)) {
        for (const mistake of this.#watchFactory(provider, cache)) mistakes.add(mistake);
        continue;
      }
      const type = classOf(provider);
      if (type === undefined) continue;
      for (const mistake of this.#mistakes(type, cache)) mistakes.add(mistake);
      if (this.#oursAmong(type).length === 0) continue;
      for (const mistake of requestMistakes(provider, this.#oursAmong(type), type)) mistakes.add(mistake);
      const problem = this.#connect(provider, cache);
      if (problem !== undefined) mistakes.add(`${type.name}: ${problem}`);
    }
    const types = new Set([...providers.flatMap((provider) => classOf(provider) ?? []), ...this.#made]);
    for (const mistake of adoptTags(types, this.#instance, cache)) mistakes.add(mistake);
    // An object that could not be connected has been named by now.
    if (mistakes.size === 0) {
      for (const mistake of providers.flatMap((provider) => this.#madeBy(provider))) mistakes.add(mistake);
    }
    if (mistakes.size > 0) throw new DecoratorError([...mistakes].join('\n'));
  }

  /** As for all that is there when the application starts: what a class that a factory makes stores, or reads. */
  #adoptTagsOf(made: Type, cache: ModuleCache): string[] {
    if (this.#made.has(made)) return [];
    const types = [...this.#providers().flatMap((provider) => classOf(provider) ?? []), ...this.#made, made];
    const mistakes = adoptTags(new Set(types), this.#instance, cache);
    if (mistakes.length === 0) this.#made.add(made);
    return mistakes;
  }

  #providers(): Provider[] {
    return [...this.#container.values()].flatMap(({ providers, controllers, injectables }) => [
      ...providers.values(),
      ...controllers.values(),
      ...injectables.values(),
    ]);
  }

  #mistakes(type: Type, cache: ModuleCache): string[] {
    return [
      ...this.#unknownInstances(type),
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

  /**
   * Looks at what a factory makes for each request, or for each who injects it, and connects it; only then is its class known.
   *
   * @returns what is wrong with what it has made by now.
   */
  #watchFactory(provider: Provider, cache: ModuleCache): string[] {
    if (this.#watched.has(provider)) return [];
    this.#watched.add(provider);
    watchFactory(provider, async (factory, args) => {
      const object = await factory(...args);
      const mistakes = this.#adopt(object, provider, cache);
      if (mistakes.length > 0) throw new DecoratorError(mistakes.join('\n'));
      return object;
    });
    return provider.getStaticTransientInstances().flatMap((made) => {
      const type = classOfObject(made?.instance);
      // Whose tags are then looked at with those of all others.
      if (type !== undefined) this.#made.add(type);
      return this.#adopt(made?.instance, provider, cache);
    });
  }

  /** @returns every mistake in the object's class; without any, the object is connected. */
  #adopt(object: unknown, provider: Provider, cache: ModuleCache): string[] {
    const type = classOfObject(object);
    const methods = type === undefined ? [] : this.#oursAmong(type);
    if (type === undefined || methods.length === 0) return [];
    DeclaredClasses.provide(type);
    const mistakes = [
      ...this.#mistakes(type, cache),
      ...(isHandedOn(object, provider) ? [] : requestMistakes(provider, methods, type)),
      ...(this.#isConnected(object as Hosted, cache)
        ? []
        : this.#differing.mistakes(provider, type, methods)),
      ...this.#adoptTagsOf(type, cache),
    ];
    if (mistakes.length === 0) this.#give(object as Hosted, cache);
    return mistakes;
  }

  /** Whether an object has been looked at already, since another provider made it. */
  #isConnected(object: Hosted, cache: ModuleCache): boolean {
    return object[getModuleCacheToken(this.#instance)] === cache;
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
  #madeBy(provider: Provider): string[] {
    const holder: unknown = provider.instance;
    if (this.#onUnprovided === 'ignore') return [];
    if (isMadeElsewhere(provider) || !isMadeOnce(provider) || typeof holder !== 'object' || holder === null)
      return [];
    const slot = getModuleCacheToken(this.#instance);
    return Object.entries(Object.getOwnPropertyDescriptors(holder)).flatMap(([property, { value }]) => {
      const type = classOfObject(value);
      const methods = type === undefined ? [] : this.#oursAmong(type);
      // Only what has a slot is read: what else a provider holds may refuse to be.
      if (type === undefined || methods.length === 0 || (value as Hosted)[slot] !== undefined) return [];
      return [
        `${methods[0].place(methods[0].operations[0].decorator)}: ${classOf(provider)?.name}.${property} is a ${type.name} ` +
          `that no module has provided, ${WOULD_DO_NOTHING}`,
      ];
    });
  }

  /** Whoever names a module instance that does not exist. */
  #unknownInstances(type: Type): string[] {
    const ofMethods = decoratedMethodsOf(type).flatMap((method) =>
      method.instances(type).map((instance, index) => {
        return { instance, place: method.place(method.operations[index].decorator) };
      }),
    );
    return [...ofMethods, ...instancesOfRoutes(type)]
      .filter(({ instance }) => instance !== this.#instance && !this.#isKnown(instance))
      .map(({ place, instance }) => {
        const missing =
          instance === DEFAULT_NAME
            ? `there is no MemcachedModule without a name; say which one is meant by name: '${this.#instance}'`
            : `there is no MemcachedModule with the name '${instance}'; import one, or mend the decorator's 'name'`;
        return `${place}: ${missing}`;
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
      method.compile(type).forEach((operation, index) => {
        const { policy, varyBy, types, form } = operation;
        const { decorator, usesDefaultKey } = method.operations[index];
        if (instances[index] !== this.#instance) return;
        const place = method.place(decorator);
        withPlace(place, () => {
          if (policy !== undefined) cache.policy(policy, place);
          for (const source of varyBy) cache.varySource(source);
          if (types !== undefined) cache.storeClasses(types());
          if (usesDefaultKey) cache.claimName(type);
          if (form !== undefined) cache.nameGroup(form);
          claimKeys(operation, decorator, method, type, cache);
        });
      });
      return [];
    } catch (error) {
      if (error instanceof MemcachedError) return [error.message];
      throw error;
    }
  }

  /** @returns why the objects of a provider could not get the cache, if so. */
  #connect(provider: Provider, cache: ModuleCache): string | undefined {
    if (!isMadeOnce(provider)) {
      if (
        provider.host === undefined ||
        visibleProvider(provider.host, getModuleCacheToken(this.#instance)) !== undefined
      ) {
        return undefined;
      }
      return (
        `its objects are made for each request, in ${provider.host.name}, which does not see the MemcachedModule; ` +
        `import it there, or make it global ('isGlobal: true')`
      );
    }
    this.#give(provider.instance as Hosted, cache);
    return undefined;
  }
}

/** What an explorer is told of its application. */
interface Application {
  readonly container: ModulesContainer;
  readonly modules: ModuleRef;
  readonly loader: LazyModuleLoader;
  /** Called once it has started, with what it is known by. */
  readonly onStart: (identity: readonly string[]) => void;
  /** Ends the service and what looks at it, where nobody else does. */
  readonly close: () => void | Promise<void>;
}
