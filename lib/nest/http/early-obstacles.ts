import { type Type, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { ApplicationConfig, type ModuleRef, ModulesContainer } from '@nestjs/core';
import 'reflect-metadata';
import { isBeforeMiddleware } from './http-cache-metadata.js';
import { makesSomethingOfValues, outermostInterceptor } from './interceptor-order.js';

// Nest keeps these under its own names, the same in versions 11 and 12.
const GUARDS = '__guards__';
const HOST = 'host';
const VERSION = '__version__';

/**
 * What has to see every request of a route, and would not see those that are answered early; and what is not known of a
 * request by then.
 *
 * @param interceptor the class whose heirs do the work of `@HttpCache`.
 * @returns one text for each: what is in the way, and its mend.
 */
export function obstaclesToEarlyHits(
  type: Type,
  handler: object,
  modules: ModuleRef,
  interceptor: Type,
): string[] {
  const config = modules.get(ApplicationConfig, { strict: false });
  const obstacles: string[] = [];
  const guards = [
    ...config.getGlobalGuards(),
    ...config.getGlobalRequestGuards().map(({ metatype }) => metatype),
    ...boundTo(GUARDS, type),
    ...boundTo(GUARDS, handler),
  ];
  if (guards.length > 0) {
    obstacles.push(
      `the guard ${nameOf(guards[0])} may turn requests away, and would not be asked about those that are answered early; ` +
        "leave out 'early', or bind guards to the controllers that need them and to no public route",
    );
  }
  const outermost = outermostInterceptor(type, handler, modules);
  if (!isOneOf(outermost, interceptor)) {
    obstacles.push(
      `the interceptor ${nameOf(outermost)} stands further out than @HttpCache, and would not run for hits; leave out ` +
        "'early', write @HttpCache below it, or make HttpCacheInterceptor the first global interceptor",
    );
  } else if (choosesRequests(outermost, interceptor)) {
    obstacles.push(
      `${nameOf(outermost)} chooses requests or keys by the execution context, which is not there yet; leave out 'early', ` +
        "or choose by the options 'when' and 'varyBy'",
    );
  }
  if (makesSomethingOfValues(handler)) {
    obstacles.push("@Render() or @Redirect() makes the answer of what the route returns; leave out 'early'");
  }
  if (Reflect.getMetadata(HOST, type) !== undefined) {
    obstacles.push("its controller is for certain hosts, which Nest looks at later; leave out 'early'");
  }
  if (isVersionedByRequest(type, handler, config)) {
    obstacles.push(
      "its version is asked for by a header, a media type or a function, which Nest looks at later; leave out 'early', or " +
        'have versions in the path (VersioningType.URI)',
    );
  }
  if (isBeforeMiddleware(handler) && config.getVersioning()?.type === VersioningType.CUSTOM) {
    obstacles.push(
      'versions are asked for by a function, which is not asked before middleware; say early: true, or have versions in the ' +
        'path or in a header',
    );
  }
  if (isMadeForRequests(type, modules)) {
    obstacles.push(
      `${type.name} is made for each request, and what it is made of may turn requests away; leave out 'early', or inject ` +
        'nothing into it that belongs to one request',
    );
  }
  return obstacles;
}

function boundTo(metadata: string, target: object): readonly unknown[] {
  return (Reflect.getMetadata(metadata, target) as readonly unknown[] | undefined) ?? [];
}

function isVersionedByRequest(type: Type, handler: object, config: ApplicationConfig): boolean {
  const versioning = config.getVersioning();
  if (versioning === undefined || versioning.type === VersioningType.URI) return false;
  const version: unknown =
    Reflect.getMetadata(VERSION, handler) ?? Reflect.getMetadata(VERSION, type) ?? versioning.defaultVersion;
  return version !== undefined && version !== VERSION_NEUTRAL;
}

function isMadeForRequests(type: Type, modules: ModuleRef): boolean {
  const container = modules.get(ModulesContainer, { strict: false });
  return [...container.values()].some(({ controllers }) => {
    const wrapper = controllers.get(type);
    return wrapper !== undefined && (wrapper.isTransient || !wrapper.isDependencyTreeStatic());
  });
}

/** Whether what was bound is a class, or an object of it. */
function isOneOf(bound: unknown, type: Type): bound is object {
  if (typeof bound === 'function') return bound === type || bound.prototype instanceof type;
  return bound instanceof type;
}

/** Whether an heir has hooks of its own, on its class or its object. */
function choosesRequests(bound: object, type: Type): boolean {
  const own = (typeof bound === 'function' ? bound.prototype : bound) as Record<string, unknown>;
  const base = type.prototype as Record<string, unknown>;
  return ['isRequestCacheable', 'trackBy', 'intercept'].some((method) => own[method] !== base[method]);
}

/** The name of a class, or of an object's; of what Nest makes for each request it keeps a wrapper. */
function nameOf(bound: unknown): string {
  if (typeof bound === 'function') return bound.name;
  const { name, constructor } = (bound ?? {}) as { readonly name?: unknown; readonly constructor: Type };
  return typeof name === 'string' ? name : constructor.name;
}
