import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  ParseIntPipe,
  Scope,
  UseGuards,
} from '@nestjs/common';
import {
  type ClientProxy,
  ClientProxyFactory,
  Ctx,
  MessagePattern,
  Payload,
  RpcException,
  TcpContext,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { AddressInfo, Server } from 'node:net';
import { delay, lastValueFrom, type Observable, of, toArray } from 'rxjs';
import { Cacheable, CacheEvict, DecoratorError, MemcachedModule } from '../../../lib/index.js';
import { onEmbeddedServer } from '../support/embedded.js';

interface Query {
  readonly id: unknown;
  readonly token?: string;
  readonly language?: string;
}

@Injectable()
class Token {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToRpc().getData<Query>().token === undefined) throw new RpcException('no token');
    return true;
  }
}

const Language = createParamDecorator(
  (fallback: string, context: ExecutionContext) =>
    context.switchToRpc().getData<Query>().language ?? fallback,
);

let runs = 0;

function run(): number {
  runs += 1;
  return runs;
}

@Controller()
class Products {
  @UseGuards(Token)
  @MessagePattern({ cmd: 'find' })
  @Cacheable({ key: 'product:{0}' })
  async find(@Payload('id', ParseIntPipe) id: number, @Ctx() context: TcpContext): Promise<object> {
    return { id, run: run(), pattern: context.getPattern() };
  }

  @Cacheable()
  @MessagePattern('greeting')
  async greeting(@Payload('id') id: string, @Language('en') language: string): Promise<string> {
    return `${language} ${id} ${run()}`;
  }

  @MessagePattern('observed')
  @Cacheable({ key: 'observed:{0.id}' })
  observed(query: Query): Observable<object> {
    return of({ id: query.id, run: run() }).pipe(delay(1));
  }

  @MessagePattern('missing')
  @Cacheable()
  async missing(): Promise<never> {
    throw new RpcException(`run ${run()}`);
  }

  @MessagePattern('rename')
  @CacheEvict({ key: 'product:{0.id}' })
  async rename(@Payload() _query: Query): Promise<boolean> {
    return true;
  }
}

@Controller({ scope: Scope.REQUEST })
class Scoped {
  @MessagePattern('scoped')
  @Cacheable({ key: 'scoped:{0}' })
  async find(@Payload('id') _id: number): Promise<number> {
    return run();
  }
}

let client: ClientProxy;

/** All that comes back, or the error. */
const send = (pattern: unknown, query: Query | object = {}): Promise<unknown> =>
  lastValueFrom(client.send<unknown>(pattern, query).pipe(toArray())).catch((error: unknown) => error);

// Before the application is closed, which waits for its connections.
afterAll(async () => {
  await client.close();
});

const nest = onEmbeddedServer(async (servers) => {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ isGlobal: true, servers })],
    controllers: [Products, Scoped],
  }).compile();
  const host = '127.0.0.1';
  const app = testing.createNestMicroservice({
    transport: Transport.TCP,
    options: { host, port: 0 },
    logger: false,
  });
  await app.listen();
  const { port } = app.unwrap<Server>().address() as AddressInfo;
  client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host, port } });
  await client.connect();
  return app;
});

beforeEach(() => {
  runs = 0;
});

describe('a cached message handler', () => {
  it('lets guards and pipes decide first, on a hit as well', async () => {
    const find = { cmd: 'find' };
    expect(await send(find, { id: 7 })).toMatchObject({ message: 'no token' });
    expect(await send(find, { id: 'seven', token: 'a' })).toMatchObject({ status: 'error' });
    expect(runs).toBe(0);
    for (const _ of ['miss', 'hit']) {
      expect(await send(find, { id: '7', token: 'a' })).toEqual([
        { id: 7, run: 1, pattern: '{"cmd":"find"}' },
      ]);
    }
    expect(await send(find, { id: 7 })).toMatchObject({ message: 'no token' });
    expect(await send('rename', { id: 7 })).toEqual([true]);
    expect(await send(find, { id: 7, token: 'a' })).toMatchObject([{ run: 2 }]);
  });

  it('makes its default key of what its parameters receive', async () => {
    expect(await send('greeting', { id: 'ann' })).toEqual(['en ann 1']);
    expect(await send('greeting', { id: 'ann' })).toEqual(['en ann 1']);
    expect(await send('greeting', { id: 'ann', language: 'de' })).toEqual(['de ann 2']);
  });

  it('answers with an observable, also where its type is erased by a type-only import', async () => {
    for (const _ of ['miss', 'hit']) {
      expect(await send('observed', { id: 3 })).toEqual([{ id: 3, run: 1 }]);
    }
  });

  it('does not store what it throws', async () => {
    expect(await send('missing')).toMatchObject({ message: 'run 1' });
    expect(await send('missing')).toMatchObject({ message: 'run 2' });
  });

  it('works in a controller that is made for each message', async () => {
    for (const _ of ['miss', 'hit']) expect(await send('scoped', { id: 1 })).toEqual([1]);
    expect(await send('scoped', { id: 2 })).toEqual([2]);
  });

  it('is refused at boot where its default key would hold the message', async () => {
    @Controller()
    class Contexts {
      @MessagePattern('mine')
      @Cacheable()
      async mine(@Payload() _query: object, @Ctx() _context: object): Promise<number> {
        return run();
      }
    }
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: nest.servers })],
      controllers: [Contexts],
    }).compile();
    const error = await testing.init().catch((reason: unknown) => reason);
    await testing.close();
    expect(error).toBeInstanceOf(DecoratorError);
    expect((error as Error).message).toBe(
      'Contexts.mine @Cacheable: @Ctx() differs from request to request, so no two would share an answer; ' +
        "name what the result depends on by 'key'",
    );
  });
});
