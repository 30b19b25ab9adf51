import type { HttpAdapterHost } from '@nestjs/core';

type Adapter = HttpAdapterHost['httpAdapter'];

/** What is asked of Express and Fastify themselves. */
interface Server {
  /** One of Express's settings. */
  get?(name: string): unknown;
  /** Fastify's. */
  printRoutes?(options: { includeHooks: boolean }): string;
}

const JSON_SETTINGS = ['json replacer', 'json spaces', 'json escape'];

/** Express or Fastify, by Nest's adapter. */
export class Platform {
  readonly adapter: Adapter;
  readonly isFastify: boolean;
  /** Whether the application leaves the platform's way from a value to JSON as it is, by settings and by hooks. */
  readonly sendsPlainJson: boolean;
  /** Whether what is sent may be changed once more by a hook, other than Fastify's own for HEAD. */
  readonly changesWhatIsSent: boolean;

  /** To be made when the first request is there: only then is the application complete. */
  constructor(adapter: Adapter) {
    this.adapter = adapter;
    this.isFastify = adapter.getType() === 'fastify';
    const server = adapter.getInstance<Server>();
    if (this.isFastify) {
      // The only word that Fastify gives on its hooks.
      const hooks = server.printRoutes?.({ includeHooks: true }) ?? '(onSend) [preSerialization]';
      this.sendsPlainJson = !hooks.includes('preSerialization');
      this.changesWhatIsSent = /\(onSend\) \[(?!"headRouteOnSendHandler\(\)"\])/.test(hooks);
    } else {
      this.sendsPlainJson =
        adapter.getType() === 'express' && JSON_SETTINGS.every((name) => !server.get?.(name));
      this.changesWhatIsSent = false;
    }
  }
}
