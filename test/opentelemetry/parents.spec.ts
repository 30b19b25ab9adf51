import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  Param,
} from '@nestjs/common';
import { Args, GraphQLModule, Int, Query, Resolver } from '@nestjs/graphql';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  type ClientProxy,
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo, Server } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { lastValueFrom, Observable } from 'rxjs';
import { Cacheable, MemcachedModule } from '../../lib/index.js';
import { instrument } from '../../lib/opentelemetry/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Telemetry } from './telemetry.js';

// Mercurius serves GraphiQL by it, and nothing else; it requires an ES module, which Jest cannot on Node below 24.9.
jest.mock('@fastify/static', () => ({}));
const { MercuriusDriver } = await import('@nestjs/mercurius');

const telemetry = new Telemetry();

/** What loaders wait for, so that a test says when they are done. */
let gate: Promise<void> = Promise.resolve();
let loads = 0;

@Injectable()
class Products {
  @Cacheable({ key: 'product:{0}' })
  find(id: number): Promise<string> {
    loads += 1;
    return telemetry.within(`SELECT ${id}`, async () => {
      await gate;
      return `product ${id}`;
    });
  }
}

/** A span for each request, as instrumentations of frameworks make one. */
@Injectable()
class SpanOfRequest implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const tracer = telemetry.tracerProvider.getTracer('test');
    const span = tracer.startSpan(`${execution.getType<string>()} ${execution.getHandler().name}`);
    return new Observable((subscriber) =>
      context.with(trace.setSpan(context.active(), span), () =>
        next
          .handle()
          .subscribe(subscriber)
          .add(() => span.end()),
      ),
    );
  }
}

@Controller()
class Routes {
  constructor(private readonly products: Products) {}

  @Get('products/:id')
  find(@Param('id') id: string): Promise<string> {
    return this.products.find(Number(id));
  }

  @MessagePattern('find')
  message(@Payload() id: number): Promise<string> {
    return this.products.find(id);
  }
}

@Resolver()
class Resolvers {
  constructor(private readonly products: Products) {}

  @Query(() => String)
  product(@Args('id', { type: () => Int }) id: number): Promise<string> {
    return this.products.find(id);
  }
}

describe('the parent of a span', () => {
  let server: MemcachedServer;
  let app: INestApplication;
  let client: ClientProxy;
  let stop: () => void;
  let next = 0;

  beforeAll(async () => {
    server = await MemcachedServer.start();
    const module = await Test.createTestingModule({
      imports: [
        MemcachedModule.forRoot({ isGlobal: true, servers: server.address }),
        GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true }),
      ],
      controllers: [Routes],
      providers: [Products, Resolvers],
    }).compile();
    app = module.createNestApplication(new FastifyAdapter(), { logger: false });
    app.useGlobalInterceptors(new SpanOfRequest());
    const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const;
    const microservice = app.connectMicroservice(options, { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const { port } = microservice.unwrap<Server>().address() as AddressInfo;
    client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const { tracerProvider, meterProvider } = telemetry;
    stop = instrument({ tracerProvider, meterProvider });
  });
  afterAll(async () => {
    stop();
    client.close();
    await app.close();
    await server.close();
    telemetry[Symbol.dispose]();
  });
  beforeEach(() => {
    telemetry.reset();
    gate = Promise.resolve();
    loads = 0;
    next += 100;
  });

  const http = async (id: number): Promise<string> =>
    (await fetch(`${await app.getUrl()}/products/${id}`)).text();
  const graphql = async (id: number): Promise<unknown> => {
    const response = await fetch(`${await app.getUrl()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `{ product(id: ${id}) }` }),
    });
    return ((await response.json()) as { data: { product: unknown } }).data.product;
  };
  const message = (id: number): Promise<unknown> => lastValueFrom(client.send<unknown>('find', id));

  it.each([
    ['an HTTP request', 'http find', http],
    ['a field of GraphQL', 'graphql product', graphql],
    ['a message', 'rpc message', message],
  ] as const)('is that of %s, down to what the loader does', async (_what, root, ask) => {
    expect(await ask(next)).toBe(`product ${next}`);
    expect(await ask(next)).toBe(`product ${next}`);
    const group = 'product:{0}';
    expect(telemetry.tree).toEqual([
      root,
      `${root} > getOrSet ${group}`,
      `${root} > getOrSet ${group} > get`,
      `${root} > getOrSet ${group} > load ${group}`,
      `${root} > getOrSet ${group} > load ${group} > SELECT ${next}`,
      `${root} > getOrSet ${group} > cas`,
      root,
      `${root} > getOrSet ${group}`,
      `${root} > getOrSet ${group} > get`,
    ]);
  });

  it('is each request’s own where many ask for different keys in one turn', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => next + index);
    const products = app.get(Products);
    await Promise.all(ids.map((id) => telemetry.within(`request ${id}`, () => products.find(id))));
    for (const id of ids) {
      const mine = telemetry.tree.filter((path) => path.startsWith(`request ${id}`));
      expect(mine).toEqual([
        `request ${id}`,
        `request ${id} > getOrSet product:{0}`,
        `request ${id} > getOrSet product:{0} > get`,
        `request ${id} > getOrSet product:{0} > load product:{0}`,
        `request ${id} > getOrSet product:{0} > load product:{0} > SELECT ${id}`,
        `request ${id} > getOrSet product:{0} > cas`,
      ]);
    }
    expect(telemetry.spans).toHaveLength(ids.length * 6);
  });

  it('is the one who began where many wait for one load, and each has a span of its own', async () => {
    const products = app.get(Products);
    let open!: () => void;
    gate = new Promise((resolve) => (open = resolve));
    const first = telemetry.within('first', () => products.find(next));
    while (loads === 0) await new Promise((resolve) => setImmediate(resolve));
    const others = ['second', 'third'].map((name) => telemetry.within(name, () => products.find(next)));
    open();
    await Promise.all([first, ...others]);
    const group = 'product:{0}';
    expect(new Set(telemetry.tree)).toEqual(
      new Set([
        'first',
        `first > getOrSet ${group}`,
        `first > getOrSet ${group} > get`,
        `first > getOrSet ${group} > load ${group}`,
        `first > getOrSet ${group} > load ${group} > SELECT ${next}`,
        `first > getOrSet ${group} > cas`,
        'second',
        `second > getOrSet ${group}`,
        'third',
        `third > getOrSet ${group}`,
      ]),
    );
    const results = telemetry.spans
      .filter(({ name }) => name.startsWith('getOrSet'))
      .map(({ attributes }) => attributes['cache.result']);
    expect(results).toEqual(['miss', 'shared', 'shared']);
    const load = telemetry.spans.find(({ name }) => name === `load ${group}`)?.spanContext();
    const linked = telemetry.spans
      .filter(({ name }) => name.startsWith('getOrSet'))
      .map(({ links }) => links.map((link) => link.context));
    expect(linked).toEqual([[], [load], [load]]);
  });
});
