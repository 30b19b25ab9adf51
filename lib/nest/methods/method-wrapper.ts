import { Inject, Optional, type Type } from '@nestjs/common';
import 'reflect-metadata';
import { DecoratorError } from '../../errors.js';
import { DeclaredClasses } from './declared-classes.js';
import { DecoratedMethod } from './decorated-method.js';
import { ModuleCache } from '../instance/module-cache.js';
import { DEFAULT_NAME } from '../../options/client-options.js';
import { getModuleCacheToken } from '../instance/module-name.js';
import type { DecoratorName, Operation } from './operation.js';
import { callsInherited } from './super-calls.js';

/** Where a class keeps the decorated methods it declares. */
const METHODS = 'nestjs-memcached:methods';

/** Where a wrapper keeps the method that it wraps. */
const WRAPPED = Symbol('nestjs-memcached:wrapped');

/**
 * Makes a method decorator of an operation.
 *
 * It puts a wrapper in the method's place at once, since Nest binds routes, and makes request-scoped objects, without
 * asking anybody later. The wrapper has the method's name, its number of parameters, and all of its metadata, so other
 * decorators work above and below; several operations share one wrapper.
 */
export function decorateMethod(operation: Operation): MethodDecorator {
  return (target: object, property: string | symbol, descriptor?: PropertyDescriptor) => {
    const method: unknown = descriptor?.value;
    if (descriptor === undefined || typeof method !== 'function' || typeof target === 'function') {
      throw refusal(operation.decorator, target, property);
    }
    const decorated = wrappedBy(method) ?? replace(target, property, descriptor, method as Method);
    decorated.add(operation);
    declareHost(target, operation.name ?? DEFAULT_NAME);
  };
}

/** The decorated methods that a class's objects can be called by, its own and the inherited ones. */
export function decoratedMethodsOf(type: Type): DecoratedMethod[] {
  const methods: DecoratedMethod[] = [];
  const below: Type[] = [];
  for (let owner: unknown = type; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
    const lineage = [...below, owner as Type];
    methods.push(...ownMethods(owner).filter((method) => isReached(method, lineage)));
    below.push(owner as Type);
  }
  return methods;
}

/**
 * Whether a method still stands in the classes below the one that declares it, or one of them calls it all the same.
 *
 * @param lineage these classes, and the one that declares it.
 */
function isReached({ property }: DecoratedMethod, lineage: readonly Type[]): boolean {
  const below = lineage.slice(0, -1);
  if (!below.some(({ prototype }) => Object.hasOwn(prototype as object, property))) return true;
  return below.some((type, index) => callsInherited(type, property, lineage.slice(index + 1)));
}

/** The cache arrives as a property that is injected; optional, since without the module the methods stay plain. */
export function declareHost(prototype: object, instance: string): void {
  const slot = getModuleCacheToken(instance);
  if (Object.hasOwn(prototype, slot)) return;
  Inject(slot)(prototype, slot);
  Optional()(prototype, slot);
  const ofFrozen = new WeakMap<object, unknown>();
  // The injector assigns; the cache should not turn up when the object is printed, compared or copied.
  Object.defineProperty(prototype, slot, {
    configurable: true,
    get(this: object) {
      return ofFrozen.get(this);
    },
    set(this: object, cache: unknown) {
      // A test's automatic mocks are put wherever something is missing.
      if (!(cache instanceof ModuleCache)) return;
      if (!Object.isExtensible(this)) ofFrozen.set(this, cache);
      else Object.defineProperty(this, slot, { value: cache, configurable: true, writable: true });
    },
  });
}

function replace(
  target: object,
  property: string | symbol,
  descriptor: PropertyDescriptor,
  method: Method,
): DecoratedMethod {
  const decorated = new DecoratedMethod(target, property, method);
  const wrapper = function (this: object | undefined, ...args: unknown[]): unknown {
    return decorated.call(this, args);
  };
  // Name and length are among the properties; so is whatever other libraries hang on functions.
  for (const key of Reflect.ownKeys(method)) {
    if (key === 'prototype') continue;
    Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(method, key) as PropertyDescriptor);
  }
  for (const key of Reflect.getOwnMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), wrapper);
  }
  Object.defineProperty(wrapper, WRAPPED, { value: { wrapper, decorated } });
  descriptor.value = wrapper;
  const declared = ownMethods(target.constructor);
  if (declared.length === 0) DeclaredClasses.declare(target.constructor as Type);
  Reflect.defineMetadata(METHODS, [...declared, decorated], target.constructor);
  return decorated;
}

function ownMethods(type: object): readonly DecoratedMethod[] {
  return (Reflect.getOwnMetadata(METHODS, type) as DecoratedMethod[] | undefined) ?? [];
}

/** The method that a function wraps, if it is a wrapper itself, and no copy that another decorator made of one. */
function wrappedBy(method: object): DecoratedMethod | undefined {
  const mark = (method as { [WRAPPED]?: { wrapper: unknown; decorated: DecoratedMethod } })[WRAPPED];
  return mark?.wrapper === method ? mark.decorated : undefined;
}

function refusal(decorator: DecoratorName, target: unknown, property: unknown): DecoratorError {
  if (typeof property === 'object' && property !== null && 'kind' in property) {
    return new DecoratorError(
      `${decorator}: compile with experimentalDecorators, as Nest's own decorators need it`,
    );
  }
  const owner = typeof target === 'function' ? target.name : (target as object).constructor.name;
  const place = `${owner}.${String(property)} ${decorator}`;
  return new DecoratorError(
    typeof target === 'function'
      ? `${place}: a static method has no object that Nest could give its cache to; make it a method of a provider`
      : `${place}: only methods can be decorated, not accessors and properties; write it as a method`,
  );
}

type Method = (...args: never[]) => unknown;
