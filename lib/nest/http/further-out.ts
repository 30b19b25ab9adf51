import type { ExecutionContext, Type } from '@nestjs/common';
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
export function isOutermost(interceptor: object, context: ExecutionContext, modules: ModuleRef): boolean {
  const handler = context.getHandler();
  if (Reflect.hasMetadata(TEMPLATE, handler) || Reflect.hasMetadata(REDIRECT, handler)) return false;
  const config = (modules as unknown as { container?: Container }).container?.applicationConfig;
  if (config === undefined) return false;
  // In the order in which Nest runs them.
  const order = [
    ...config.getGlobalInterceptors(),
    ...config.getGlobalRequestInterceptors(),
    ...interceptorsOf(context.getClass()),
    ...interceptorsOf(handler),
  ];
  return isOf(order[0], interceptor);
}

function interceptorsOf(target: object): readonly unknown[] {
  return (Reflect.getMetadata(INTERCEPTORS, target) as readonly unknown[] | undefined) ?? [];
}

function isOf(bound: unknown, interceptor: object): boolean {
  return bound === interceptor || bound === (interceptor.constructor as Type);
}
