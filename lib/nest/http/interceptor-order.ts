import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import 'reflect-metadata';

// Nest keeps these under its own names, the same in versions 11 and 12.
const INTERCEPTORS = '__interceptors__';
const TEMPLATE = '__renderTemplate__';
const REDIRECT = '__redirect__';

/** What is asked of Nest's own container. */
interface Container {
  readonly applicationConfig?: {
    getGlobalInterceptors(): readonly unknown[];
    getGlobalRequestInterceptors(): readonly unknown[];
  };
}

/**
 * Whether nothing of the application sees what an interceptor returns for a route: no other interceptor further out, no
 * template and no redirect made of it. In doubt, something does.
 */
export function isOutermost(interceptor: object, type: Type, handler: object, modules: ModuleRef): boolean {
  if (makesSomethingOfValues(handler)) return false;
  const bound = outermostInterceptor(type, handler, modules);
  return bound === interceptor || bound === (interceptor.constructor as Type);
}

/** Whether a template or a redirect is made of what a route returns. */
export function makesSomethingOfValues(handler: object): boolean {
  return Reflect.hasMetadata(TEMPLATE, handler) || Reflect.hasMetadata(REDIRECT, handler);
}

/** The interceptor that stands furthest out of a route, as it was bound: a class or an object. */
export function outermostInterceptor(type: Type, handler: object, modules: ModuleRef): unknown {
  const config = (modules as unknown as { container?: Container }).container?.applicationConfig;
  if (config === undefined) return undefined;
  // In the order in which Nest runs them.
  const order = [
    ...config.getGlobalInterceptors(),
    ...config.getGlobalRequestInterceptors(),
    ...interceptorsOf(type),
    ...interceptorsOf(handler),
  ];
  return order[0];
}

function interceptorsOf(target: object): readonly unknown[] {
  return (Reflect.getMetadata(INTERCEPTORS, target) as readonly unknown[] | undefined) ?? [];
}
