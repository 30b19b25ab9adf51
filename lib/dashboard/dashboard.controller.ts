import {
  BadRequestException,
  Body,
  type CanActivate,
  Controller,
  type ControllerOptions,
  ForbiddenException,
  Get,
  HttpStatus,
  Inject,
  MethodNotAllowedException,
  NotFoundException,
  Param,
  Post,
  Req,
  Res,
  ServiceUnavailableException,
  StreamableFile,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { InvalidArgumentError, MemcachedError } from '../errors.js';
import { clearTimeout, setImmediate, setTimeout } from '../timers.js';
import { Dashboard } from './dashboard.js';
import { FAREWELL_MS } from './event-streams.js';
import { PAGE_ASSETS } from './page-assets.js';
import { isSameOrigin, type RequestHeaders } from './same-origin.js';

/** What every answer bears: nothing of it is kept, framed, or helped out by another host. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** What a request needs to have, of Express or of Fastify. */
interface PageRequest {
  readonly headers: RequestHeaders;
  readonly httpVersionMajor?: number;
  readonly method?: string;
  /** Node's own, of Fastify. */
  readonly raw?: { readonly httpVersionMajor: number; readonly method?: string };
}

/** Express's response is Node's own, Fastify's has it. */
interface PageResponse extends ServerResponse {
  readonly raw?: ServerResponse;
}

/**
 * A controller class for one place in the application: real routes, so that prefixes, versions, guards, filters and middleware
 * apply as to any other.
 */
export function dashboardController(
  at: ControllerOptions,
  guards: readonly (Type<CanActivate> | CanActivate)[],
): Type<unknown> {
  @Controller(at)
  @UseGuards(...guards)
  class MemcachedDashboardController {
    readonly #dashboard: Dashboard;
    readonly #host: HttpAdapterHost;

    constructor(@Inject(Dashboard) dashboard: Dashboard, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
      this.#dashboard = dashboard;
      this.#host = host;
    }

    @Get()
    page(@Req() request: PageRequest, @Res() response: unknown): void {
      const { httpAdapter } = this.#host;
      const [path] = (httpAdapter.getRequestUrl(request) as string).split('?');
      // Links are relative, so that prefixes hold that only a proxy knows of: to the last part of the path, unless that is empty.
      const last = path.slice(path.lastIndexOf('/') + 1);
      const base = last === '' ? '' : `${encodeURIComponent(decodeURIComponent(last))}/`;
      const { type, text } = PAGE_ASSETS['index.html'];
      this.#send(response, type, text.replaceAll('{{base}}', base));
    }

    @Get('assets/:name')
    asset(@Param('name') name: string, @Res() response: unknown): void {
      this.#prepare(response);
      const asset = Object.hasOwn(PAGE_ASSETS, name) ? PAGE_ASSETS[name] : undefined;
      if (asset === undefined) throw new NotFoundException();
      this.#send(response, asset.type, asset.text);
    }

    @Get('events')
    events(@Req() request: PageRequest, @Res() response: PageResponse): void {
      this.#prepare(response);
      // Express asks a GET for what a HEAD wants.
      if ((request.raw ?? request).method === 'HEAD') throw new MethodNotAllowedException();
      if (!this.#dashboard.hasRoom) {
        throw new ServiceUnavailableException('as many watch this process as may (option maxClients)');
      }
      const { httpAdapter } = this.#host;
      httpAdapter.setHeader(response, 'Content-Type', 'text/event-stream; charset=utf-8');
      // Compression would hold messages back, and so would nginx.
      httpAdapter.setHeader(response, 'Cache-Control', 'no-store, no-transform');
      httpAdapter.setHeader(response, 'X-Accel-Buffering', 'no');
      // Otherwise the connection would be kept for a while when the application closes.
      if ((request.raw ?? request).httpVersionMajor === 1)
        httpAdapter.setHeader(response, 'Connection', 'close');
      const raw = response.raw ?? response;
      // Guards take their time, and who has left meanwhile is not waited for.
      if (raw.destroyed) return;
      const events = this.#dashboard.events();
      // Not every version of Nest's platforms ends the one with the other. That somebody leaves is no error.
      raw.once('close', () => void events.destroy());
      events.once('close', () => leave(raw, events));
      const file = new StreamableFile(events)
        .setErrorHandler(() => undefined)
        .setErrorLogger(() => undefined);
      this.#reply(response, file);
    }

    @Post('find')
    async find(@Req() request: PageRequest, @Body() body: unknown, @Res() response: unknown): Promise<void> {
      this.#prepare(response);
      const { instance, key } = this.#asked(request, body);
      const found = await this.#dashboard.find(instance, key);
      if (found === undefined) throw new NotFoundException();
      this.#send(response, 'application/json; charset=utf-8', JSON.stringify(found));
    }

    @Post('evict')
    async evict(@Req() request: PageRequest, @Body() body: unknown, @Res() response: unknown): Promise<void> {
      this.#prepare(response);
      const { instance, key } = this.#asked(request, body);
      if (!this.#dashboard.options.evict) {
        throw new ForbiddenException('the dashboard is read-only (option evict)');
      }
      if (!(await this.#evicted(instance, key))) throw new NotFoundException();
      this.#send(response, 'application/json; charset=utf-8', '{"evicted":true}');
    }

    /** Says why it could not be done, where that is no fault of the application. */
    async #evicted(instance: string, key: string): Promise<boolean> {
      try {
        return await this.#dashboard.evict(instance, key);
      } catch (error) {
        if (!(error instanceof MemcachedError)) throw error;
        if (error instanceof InvalidArgumentError) throw new BadRequestException(error.message);
        throw new ServiceUnavailableException(error.message);
      }
    }

    /** What a page of ours asks about. */
    #asked({ headers }: PageRequest, body: unknown): { instance: string; key: string } {
      if (!isSameOrigin(headers)) throw new ForbiddenException('only the page itself may ask this');
      const isJson = String(headers['content-type']).startsWith('application/json');
      const { instance, key } = (isJson && typeof body === 'object' && body !== null ? body : {}) as {
        instance?: unknown;
        key?: unknown;
      };
      if (typeof instance === 'string' && typeof key === 'string' && key !== '' && key.isWellFormed()) {
        return { instance, key };
      }
      throw new BadRequestException('expected JSON such as {"instance":"default","key":"product:7"}');
    }

    #prepare(response: unknown): void {
      const { httpAdapter } = this.#host;
      for (const [name, value] of Object.entries(HEADERS)) httpAdapter.setHeader(response, name, value);
    }

    #send(response: unknown, type: string, text: string): void {
      const { httpAdapter } = this.#host;
      this.#prepare(response);
      httpAdapter.setHeader(response, 'Content-Type', type);
      this.#reply(response, text);
    }

    /** After the turn of the interceptors: some set headers behind the route, whatever it has returned. */
    #reply(response: unknown, body: string | StreamableFile): void {
      const { httpAdapter } = this.#host;
      setImmediate(() => {
        if (!httpAdapter.isHeadersSent(response)) httpAdapter.reply(response, body, HttpStatus.OK);
        else if (typeof body !== 'string') body.getStream().destroy();
      });
    }
  }
  return MemcachedDashboardController;
}

/** Ends the response of a stream that is over: at once where it was given up, and soon where its reader does not read the rest. */
function leave(response: ServerResponse, events: Readable): void {
  if (!events.readableEnded) {
    response.destroy();
    return;
  }
  const timer = setTimeout(() => void response.destroy(), FAREWELL_MS).unref();
  response.once('close', () => clearTimeout(timer));
}
