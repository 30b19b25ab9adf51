import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { type MemcachedModuleOptions, MemcachedModule } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';

/** The platforms of Nest's on which HTTP is tested. */
export const PLATFORMS = ['express', 'fastify'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/** What Express's response and Fastify's reply have in common, as methods with `passthrough` see it. */
export interface PlatformResponse {
  readonly raw?: { writeHead(...args: unknown[]): unknown };
  status(code: number): PlatformResponse;
  getHeader(name: string): unknown;
  removeHeader(name: string): unknown;
}

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they were written. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The text, read as JSON. */
  readonly body: unknown;
}

/** An application with its own embedded memcached. */
export interface HttpApp extends AsyncDisposable {
  readonly app: INestApplication;
  readonly servers: string;
  /** What the application's logger was told to warn of. */
  readonly warnings: readonly string[];
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>;
}

/** How an application differs from others. */
export interface HttpAppOptions {
  readonly controllers: readonly Type[];
  readonly providers?: ModuleMetadata['providers'];
  readonly imports?: ModuleMetadata['imports'];
  readonly memcached?: MemcachedModuleOptions;
  /** Options of Fastify itself. */
  readonly fastify?: object;
  /** Middleware, hooks and settings, before the application starts. */
  readonly prepare?: (app: INestApplication) => void;
}

/** Starts an application on one of the platforms. */
export async function httpApp(platform: PlatformName, options: HttpAppOptions): Promise<HttpApp> {
  const server = await MemcachedServer.start();
  const testing = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({
        isGlobal: true,
        servers: server.address,
        // A machine that is busy is no fault of what is tested.
        commandTimeout: '30s',
        connectTimeout: '30s',
        cache: { lease: '30s' },
        ...options.memcached,
      }),
      ...(options.imports ?? []),
    ],
    controllers: [...options.controllers],
    providers: options.providers ?? [],
  }).compile();
  const warnings: string[] = [];
  const ignore = (): void => {};
  const warn = (message: unknown): void => void warnings.push(String(message));
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter(options.fastify);
  const app = testing.createNestApplication(adapter);
  app.useLogger({ log: ignore, error: ignore, warn });
  options.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  return {
    app,
    servers: server.address,
    warnings,
    get: (path, headers, method) => ask(`${origin}${path}`, headers, method),
    async [Symbol.asyncDispose]() {
      await app.close();
      await server.close();
    },
  };
}

/** Asks for an address as it is written, but for what no address can have; on a connection of its own. */
export async function ask(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const { origin } = new URL(url);
  const path = url.slice(origin.length).replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent);
  const sent = request(origin, { path, headers, method, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    text,
    get body(): unknown {
      return JSON.parse(text);
    },
  };
}

/** Sets a header of the response, whatever the platform. */
export function setHeader(response: object, name: string, value: string | readonly string[]): void {
  const { header } = response as { header(name: string, value: unknown): unknown };
  Reflect.apply(header, response, [name, value]);
}
