import type { Type } from '@nestjs/common';
import type { ModuleHost } from '../instance/visible-provider.js';

/** What Nest's injector knows of a provider. */
export type Provider = NonNullable<ReturnType<ModuleHost['getProviderById']>>;

/** Where a function that stands for a factory keeps it. */
const STANDS_FOR = Symbol('nestjs-memcached:stands for a factory');

/** Whether there is one object of a provider, and it is there by now. */
export function isMadeOnce(provider: Provider): boolean {
  return !provider.isTransient && provider.isDependencyTreeStatic();
}

/** Whether a provider is a value, or what a factory returned, and no class that Nest makes an object of. */
export function isMadeElsewhere(provider: Provider): boolean {
  return provider.isNotMetatype || provider.inject != null;
}

/** Whether a provider's objects are made later, by a factory, so that nobody knows their class yet. */
export function isMadeLater(provider: Provider): boolean {
  return isMadeElsewhere(provider) && !isMadeOnce(provider);
}

/** What is injected into the objects of a provider. */
export function dependenciesOf(provider: Provider): Provider[] {
  const parameters = (provider.getCtorMetadata() as (Provider | undefined)[] | undefined) ?? [];
  const properties = (provider.getPropertiesMetadata() as { wrapper: Provider }[] | undefined) ?? [];
  return [...parameters, ...properties.map((property) => property.wrapper)].filter(
    (dependency) => dependency !== undefined && dependency !== null,
  );
}

/** Whether a factory returned what was injected into it, of which there is one for all requests. */
export function isHandedOn(object: unknown, provider: Provider): boolean {
  return dependenciesOf(provider).some((given) => isMadeOnce(given) && given.instance === object);
}

/** Every class that a provider can be said to provide: its token, where a test put something else, and what is there. */
export function classesOf(provider: Provider): Type[] {
  const named = [provider.token, provider.metatype].filter((type) => typeof type === 'function');
  const type = classOfObject(provider.instance);
  return [...(named as Type[]), ...(type === undefined ? [] : [type])];
}

/** The class of what a provider provides; undefined where that is no object, or not there yet. */
export function classOf(provider: Provider): Type | undefined {
  if (!isMadeElsewhere(provider)) {
    return typeof provider.metatype === 'function' ? (provider.metatype as Type) : undefined;
  }
  return classOfObject(provider.instance);
}

/**
 * The class of an object; asks its prototype, as a proxy may refuse to be read before the first request.
 *
 * @returns undefined for what is no object, and for one that does not tell even that.
 */
export function classOfObject(object: unknown): Type | undefined {
  if (typeof object !== 'object' || object === null) return undefined;
  try {
    const type = (Object.getPrototypeOf(object) as object | null)?.constructor;
    return typeof type === 'function' && typeof type.prototype === 'object' ? (type as Type) : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a function in the place of a provider's factory, which is known as that factory all the same. */
export function watchFactory(
  provider: Provider,
  watch: (factory: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
): void {
  const factory = provider.metatype as (...args: unknown[]) => unknown;
  const watching = (...args: unknown[]): unknown => watch(factory, args);
  provider.metatype = Object.assign(watching, { [STANDS_FOR]: factory });
}

/** What makes the objects of a provider: its class or its factory. */
export function makerOf({ metatype }: Provider): unknown {
  let maker: unknown = metatype;
  while (typeof maker === 'function' && STANDS_FOR in maker) maker = maker[STANDS_FOR];
  return maker;
}
