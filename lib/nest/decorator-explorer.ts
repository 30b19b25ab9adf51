import type { OnApplicationShutdown, OnModuleInit, Type } from '@nestjs/common';
import { type DiscoveryService, LazyModuleLoader, type ModuleRef } from '@nestjs/core';
import { DecoratorError, MemcachedError } from '../errors.js';
import { mistakesOf } from './decorators/boot-checks.js';
import type { DecoratedMethod, Hosted } from './decorators/decorated-method.js';
import { type DecoratorHost, getDecoratorHostToken } from './decorators/decorator-host.js';
import { DEFAULT_INSTANCE } from './decorators/decorator-options.js';
import { placed } from './decorators/place.js';
import { decoratedMethodsOf } from './decorators/stub.js';
import { mistakesOfRoutes } from './http/http-cache-checks.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type ModuleHost = NonNullable<Wrapper['host']>;

/**
 * Goes through all providers and controllers when the application starts, and when it loads a module later: refuses
 * decorated methods that would share or lose answers, and connects the objects that Nest's injector did not make.
 */
export class DecoratorExplorer implements OnModuleInit, OnApplicationShutdown {
  readonly #discovery: DiscoveryService;
  readonly #modules: ModuleRef;
  readonly #instance: string;
  readonly #host: DecoratorHost | undefined;

  /**
   * @param instance name of the module instance it works for; there is one explorer for each.
   * @param host undefined where decorators are switched off.
   */
  constructor(
    discovery: DiscoveryService,
    modules: ModuleRef,
    instance: string,
    host: DecoratorHost | undefined,
  ) {
    this.#discovery = discovery;
    this.#modules = modules;
    this.#instance = instance;
    this.#host = host;
  }

  /** @throws {DecoratorError} naming every mistake, a line for each, with class, method and mend. */
  onModuleInit(): void {
    const host = this.#host;
    if (host === undefined) return;
    this.#explore(host);
    // Modules that are loaded later get no hook of Nest's.
    const loader = this.#modules.get(LazyModuleLoader, { strict: false });
    const load = loader.load.bind(loader);
    loader.load = async (...args) => {
      const module = await load(...args);
      this.#explore(host);
      return module;
    };
  }

  /** Leaves the objects to the next application, where they outlive this one, as with hot reload. */
  onApplicationShutdown(): void {
    this.#host?.retire();
  }

  #explore(host: DecoratorHost): void {
    const mistakes = new Set<string>();
    const wrappers = [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
    for (const wrapper of wrappers) {
      const type = classOf(wrapper);
      if (type === undefined) continue;
      const methods = decoratedMethodsOf(type);
      const ours = this.#oursAmong(methods, type);
      const found = [
        ...methods.flatMap((method) => this.#unknownInstances(method, type)),
        ...mistakesOfRoutes(type, this.#instance, host),
        ...ours.flatMap((method) => [...mistakesOf(method, type), ...this.#compile(method, type, host)]),
      ];
      for (const mistake of found) mistakes.add(mistake);
      if (ours.length === 0) continue;
      const problem = this.#connect(wrapper, host);
      if (problem !== undefined) mistakes.add(`${type.name}: ${problem}`);
    }
    // An object that could not be connected has been named by now.
    if (mistakes.size === 0) {
      for (const mistake of wrappers.flatMap((wrapper) => this.#unprovided(wrapper))) mistakes.add(mistake);
    }
    if (mistakes.size > 0) throw new DecoratorError([...mistakes].join('\n'));
  }

  #oursAmong(methods: readonly DecoratedMethod[], type: Type): DecoratedMethod[] {
    return methods.filter((method) => method.instances(type).includes(this.#instance));
  }

  /** Looks for objects with decorated methods that a provider has made itself, so that nobody could connect them. */
  #unprovided(wrapper: Wrapper): string[] {
    const holder: unknown = wrapper.instance;
    if (isMadeElsewhere(wrapper) || !wrapper.isDependencyTreeStatic() || !isObject(holder)) return [];
    const slot = getDecoratorHostToken(this.#instance);
    return Object.entries(Object.getOwnPropertyDescriptors(holder)).flatMap(([property, { value }]) => {
      const type = constructorOf(value);
      if (type === undefined || Object.hasOwn(value as object, slot)) return [];
      return this.#oursAmong(decoratedMethodsOf(type), type)
        .slice(0, 1)
        .map(
          (method) =>
            `${method.place(method.operations[0].decorator)}: ${holder.constructor.name}.${property} is a ${type.name} that ` +
            "no module has provided, so that none of its decorators would do anything; name the class in a module's " +
            "'providers' and have it injected",
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
          instance === DEFAULT_INSTANCE
            ? `there is no MemcachedModule without a name; say which one is meant by instance: '${this.#instance}'`
            : `there is no MemcachedModule with the name '${instance}'; import one, or mend the decorator's 'instance'`;
        return `${method.place(decorator)}: ${missing}`;
      });
  }

  #isKnown(instance: string): boolean {
    try {
      this.#modules.get(getDecoratorHostToken(instance), { strict: false });
      return true;
    } catch {
      return false;
    }
  }

  /** Compiles a method's decorators now rather than at the first call, and has their options read. */
  #compile(method: DecoratedMethod, type: Type, host: DecoratorHost): string[] {
    try {
      const instances = method.instances(type);
      method.compile(type).forEach(({ policy, vary, ownPattern }, index) => {
        const { decorator, usesDefaultKey } = method.operations[index];
        if (instances[index] !== this.#instance) return;
        const place = method.place(decorator);
        placed(place, () => {
          if (policy !== undefined) host.policy(policy, place);
          for (const source of vary) host.varySource(source);
          if (usesDefaultKey) host.claimName(type);
          if (ownPattern !== undefined) host.claimPattern(`${decorator} ${ownPattern}`, method, type);
        });
      });
      return [];
    } catch (error) {
      if (error instanceof MemcachedError) return [error.message];
      throw error;
    }
  }

  /** @returns why the objects of a provider could not get the host, if so. */
  #connect(wrapper: Wrapper, host: DecoratorHost): string | undefined {
    const slot = getDecoratorHostToken(this.#instance);
    if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) {
      if (wrapper.host === undefined || canSee(wrapper.host, slot)) return undefined;
      return (
        `its objects are made for each request, in ${wrapper.host.name}, which does not see the MemcachedModule; ` +
        `import it there, or make it global ('isGlobal: true')`
      );
    }
    const object = wrapper.instance as Hosted;
    if (object[slot]?.isRetired ?? true) object[slot] = host;
    return undefined;
  }
}

/** The class of what a provider provides; undefined where that is no object, or not known before the first request. */
function classOf(wrapper: Wrapper): Type | undefined {
  if (!isMadeElsewhere(wrapper)) {
    return typeof wrapper.metatype === 'function' ? (wrapper.metatype as Type) : undefined;
  }
  return wrapper.isDependencyTreeStatic() ? constructorOf(wrapper.instance) : undefined;
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
