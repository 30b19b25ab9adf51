import type { ExecutionContext } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { HttpRequest } from './http-cache-options.js';
import type { Headers } from './stored-response.js';

/** What Express's response and Fastify's reply have in common. */
interface HttpResponse {
  readonly statusCode: number;
  getHeaders(): Record<string, string | string[] | number | undefined>;
}

/** By these, cookies reach `@fastify/cookie`, which adds them to the headers only as the answer is sent. */
const COOKIE_METHODS = ['setCookie', 'cookie', 'clearCookie'] as const;

type CookieMethods = Partial<Record<(typeof COOKIE_METHODS)[number], (...args: unknown[]) => unknown>>;

/** One request and its response, the same for Express and Fastify. */
export class HttpExchange {
  readonly request: HttpRequest;
  #setsCookies = false;
  readonly #response: HttpResponse;
  readonly #adapter: HttpAdapterHost['httpAdapter'];

  constructor(context: ExecutionContext, adapter: HttpAdapterHost['httpAdapter']) {
    this.request = context.switchToHttp().getRequest<HttpRequest>();
    this.#response = context.switchToHttp().getResponse<HttpResponse>();
    this.#adapter = adapter;
    this.#watchCookies(this.#response as CookieMethods);
  }

  /** Whether a cookie has been set that may not be among the headers yet. */
  get setsCookies(): boolean {
    return this.#setsCookies;
  }

  /** Host, path and query, as the client asked for them. @see RFC 9110, section 7.1 */
  get target(): readonly [host: string, path: string] {
    const { headers, originalUrl, url } = this.request;
    return [String(headers.host ?? '').toLowerCase(), originalUrl ?? url];
  }

  get status(): number {
    return this.#response.statusCode;
  }

  set status(code: number) {
    this.#adapter.status(this.#response, code);
  }

  /** The response's headers at this moment. */
  get headers(): Headers {
    return { ...this.#response.getHeaders() };
  }

  setHeader(name: string, value: string | readonly string[]): void {
    // Both platforms take lists; Nest's type does not say so.
    this.#adapter.setHeader(this.#response, name, value as string);
  }

  #watchCookies(response: CookieMethods): void {
    for (const name of COOKIE_METHODS) {
      const method = response[name];
      if (typeof method !== 'function') continue;
      response[name] = (...args) => {
        this.#setsCookies = true;
        return Reflect.apply(method, response, args);
      };
    }
  }
}
