import type { HttpAdapterHost } from '@nestjs/core';
import { ReplySerializers } from './fastify-content.js';

const JSON_SETTINGS = ['json replacer', 'json spaces', 'json escape'];

/** The name of our own hook, as Fastify prints it. */
export const EARLY_HOOK = 'earlyHits';

/** Express or Fastify, by Nest's adapter. */
export class Platform {
  readonly adapter: Adapter;
  readonly isFastify: boolean;
  /** Whether the application leaves the platform's way from a value to JSON as it is, by settings and by hooks. */
  readonly sendsPlainJson: boolean;
  /** Whether what is sent may be changed once more by a hook, other than Fastify's own for HEAD. */
  readonly changesWhatIsSent: boolean;
  /** Whether the application has hooks that run behind middleware and those of `onRequest`, and in front of interceptors. */
  readonly hasHooksBeforeNest: boolean;
  /** Fastify's. */
  readonly serializers = new ReplySerializers();

  /** To be made when the first request is there: only then is the application complete. */
  constructor(adapter: Adapter) {
    this.adapter = adapter;
    // Nest 12 tells those who ask for it of each route that is called.
    const isToldOfRoutes =
      (adapter as { getOnRouteTriggered?(): unknown }).getOnRouteTriggered?.() !== undefined;
    this.isFastify = adapter.getType() === 'fastify';
    const server = adapter.getInstance<Server>();
    if (this.isFastify) {
      const hooks = hooksOf(server);
      this.sendsPlainJson = !hooks.includes('preSerialization');
      this.hasHooksBeforeNest =
        isToldOfRoutes ||
        hooks
          .replaceAll(`(preParsing) ["${EARLY_HOOK}()"]`, '')
          .match(/\((preParsing|preValidation|preHandler)\)/) !== null;
      this.changesWhatIsSent = /\(onSend\) \[(?!"headRouteOnSendHandler\(\)"\])/.test(hooks);
    } else {
      this.sendsPlainJson =
        adapter.getType() === 'express' && JSON_SETTINGS.every((name) => !server.get?.(name));
      this.changesWhatIsSent = false;
      this.hasHooksBeforeNest = isToldOfRoutes;
    }
  }
}

type Adapter = HttpAdapterHost['httpAdapter'];

/** What is asked of Express and Fastify themselves. */
interface Server {
  /** One of Express's settings. */
  get?(name: string): unknown;
  /** Fastify's. */
  printRoutes?(options: { includeHooks: boolean; method: string }): string;
}

/** Fastify's own list of the hooks that answers to GET and HEAD run through; all that there may be, where it gives none. */
function hooksOf(server: Server): string {
  try {
    // Printed for all methods at once, it fails on routes with versions: it builds them anew by rules that Nest has replaced.
    const printed = ['GET', 'HEAD'].map((method) => server.printRoutes?.({ includeHooks: true, method }));
    if (!printed.includes(undefined)) return printed.join('\n');
  } catch {
    // Then nothing is known of them.
  }
  return '(onSend) [preSerialization] (preHandler)';
}
