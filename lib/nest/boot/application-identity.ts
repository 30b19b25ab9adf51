import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { hasCachedRoutes } from '../http/http-cache-metadata.js';
import { decoratedMethodsOf } from '../methods/method-wrapper.js';
import { classOfObject, type Provider } from './provider.js';

/** Names that Nest's scaffold gives to classes of every application. */
const OF_EVERY_APPLICATION: ReadonlySet<string> = new Set([
  'AppController',
  'AppModule',
  'AppService',
  'HealthController',
  'InternalCoreModule',
  'MemcachedModule',
]);

/**
 * What an application is known by: its decorated methods and cached controllers, otherwise its controllers, otherwise its
 * modules. Another version of it has most of them, another application has none; in the order of the names.
 */
export function identityOf(container: ModulesContainer): string[] {
  const modules = [...container.values()];
  const controllers = modules.flatMap((module) => classesAmong(module.controllers.values()));
  const providers = modules.flatMap((module) => classesAmong(module.providers.values()));
  const cached = [
    ...[...controllers, ...providers].flatMap((type) =>
      decoratedMethodsOf(type).map(({ declarer, name }) => `${declarer.name}.${name}`),
    ),
    ...controllers.filter(hasCachedRoutes).map(({ name }) => name),
  ];
  const names = (types: readonly Type[]): string[] => types.map(({ name }) => name);
  const known = [cached, names(controllers), names(modules.map(({ metatype }) => metatype))].map((each) =>
    [...new Set(each)].filter((name) => !OF_EVERY_APPLICATION.has(name)).toSorted(),
  );
  return known.find((each) => each.length > 0) ?? [];
}

function classesAmong(providers: Iterable<Provider>): Type[] {
  return [...providers].flatMap(({ metatype, instance }) =>
    [metatype, classOfObject(instance)].filter(
      (type): type is Type => typeof type === 'function' && typeof type.prototype === 'object',
    ),
  );
}
