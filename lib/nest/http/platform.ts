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
  #sendsPlainJson: boolean | undefined;
  #hooks: string | undefined;

  constructor(adapter: Adapter) {
    this.adapter = adapter;
    this.isFastify = adapter.getType() === 'fastify';
  }

  /** Whether the application leaves the platform's way from a value to JSON as it is, by settings and by hooks. */
  get sendsPlainJson(): boolean {
    this.#sendsPlainJson ??= this.#looksPlain();
    return this.#sendsPlainJson;
  }

  /** Whether what is sent may be changed once more by a hook, other than Fastify's own for HEAD. */
  get changesWhatIsSent(): boolean {
    return this.isFastify && /\(onSend\) \[(?!"headRouteOnSendHandler\(\)"\])/.test(this.#allHooks);
  }

  /** The only word that Fastify gives on its hooks. */
  get #allHooks(): string {
    this.#hooks ??=
      this.adapter.getInstance<Server>().printRoutes?.({ includeHooks: true }) ??
      '(onSend) [preSerialization]';
    return this.#hooks;
  }

  #looksPlain(): boolean {
    const server = this.adapter.getInstance<Server>();
    if (this.isFastify) return !this.#allHooks.includes('preSerialization');
    return this.adapter.getType() === 'express' && JSON_SETTINGS.every((name) => !server.get?.(name));
  }
}
