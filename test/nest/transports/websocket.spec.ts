import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ExecutionContext, Injectable, ParseIntPipe, UseGuards } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { once } from 'node:events';
import { delay, type Observable, of } from 'rxjs';
import { WebSocket } from 'ws';
import { Cacheable, CacheEvict, DecoratorError, MemcachedModule } from '../../../lib/index.js';
import { onEmbeddedServer } from '../support/embedded.js';

@Injectable()
class Token {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToWs().getData<{ token?: string }>().token === undefined) {
      throw new WsException('no token');
    }
    return true;
  }
}

let runs = 0;

function run(): number {
  runs += 1;
  return runs;
}

@WebSocketGateway()
class Products {
  @UseGuards(Token)
  @SubscribeMessage('find')
  @Cacheable({ key: 'product:{1}' })
  async find(
    @ConnectedSocket() socket: WebSocket,
    @MessageBody('id', ParseIntPipe) id: number,
  ): Promise<object> {
    return { event: 'found', data: { id, run: run(), open: socket.readyState === WebSocket.OPEN } };
  }

  @Cacheable()
  @SubscribeMessage('greeting')
  async greeting(@MessageBody('name') name: string): Promise<object> {
    return { event: 'greeted', data: `${name} ${run()}` };
  }

  @SubscribeMessage('observed')
  @Cacheable({ key: 'observed:{0}' })
  observed(@MessageBody('id') id: number): Observable<object> {
    return of({ event: 'observed', data: { id, run: run() } }).pipe(delay(1));
  }

  @SubscribeMessage('missing')
  @Cacheable()
  async missing(): Promise<never> {
    throw new WsException(`run ${run()}`);
  }

  @SubscribeMessage('rename')
  @CacheEvict({ key: 'product:{0}' })
  async rename(@MessageBody('id') _id: number): Promise<object> {
    return { event: 'renamed', data: true };
  }
}

let socket: WebSocket;

/** Sends one message and waits for what comes back. */
async function send(event: string, data: object): Promise<unknown> {
  const reply = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(JSON.stringify({ event, data }));
  const [message] = await reply;
  return JSON.parse(message.toString());
}

// Before the application is closed, which waits for its connections.
afterAll(async () => {
  socket.close();
  await once(socket, 'close');
});

const nest = onEmbeddedServer(async (servers) => {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers })],
    providers: [Products],
  }).compile();
  const app = testing.createNestApplication({ logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  socket = new WebSocket((await app.getUrl()).replace('http', 'ws'));
  await once(socket, 'open');
  return app;
});

beforeEach(() => {
  runs = 0;
});

describe('a cached gateway', () => {
  it('lets guards and pipes decide first, on a hit as well', async () => {
    const refused = { event: 'exception', data: { status: 'error', message: 'no token' } };
    expect(await send('find', { id: 7 })).toMatchObject(refused);
    expect(await send('find', { id: 'seven', token: 'a' })).toMatchObject({ event: 'exception' });
    expect(runs).toBe(0);
    for (const _ of ['miss', 'hit']) {
      expect(await send('find', { id: '7', token: 'a' })).toEqual({
        event: 'found',
        data: { id: 7, run: 1, open: true },
      });
    }
    expect(await send('find', { id: 7 })).toMatchObject(refused);
    expect(await send('rename', { id: 7 })).toEqual({ event: 'renamed', data: true });
    expect(await send('find', { id: 7, token: 'a' })).toMatchObject({ data: { run: 2 } });
  });

  it('makes its default key of what its parameters receive', async () => {
    expect(await send('greeting', { name: 'ann', more: 1 })).toEqual({ event: 'greeted', data: 'ann 1' });
    expect(await send('greeting', { name: 'ann', more: 2 })).toEqual({ event: 'greeted', data: 'ann 1' });
    expect(await send('greeting', { name: 'bob' })).toEqual({ event: 'greeted', data: 'bob 2' });
  });

  it('answers with an observable, also where its type is erased by a type-only import', async () => {
    for (const _ of ['miss', 'hit']) {
      expect(await send('observed', { id: 3 })).toEqual({ event: 'observed', data: { id: 3, run: 1 } });
    }
  });

  it('does not store what it throws', async () => {
    expect(await send('missing', {})).toMatchObject({ data: { message: 'run 1' } });
    expect(await send('missing', {})).toMatchObject({ data: { message: 'run 2' } });
  });

  it('is refused at boot where its default key would hold the socket', async () => {
    @WebSocketGateway()
    class Sockets {
      @SubscribeMessage('mine')
      @Cacheable()
      async mine(@ConnectedSocket() _socket: object, @MessageBody() _body: object): Promise<number> {
        return run();
      }

      @SubscribeMessage('bare')
      @Cacheable()
      async bare(_socket: object, _body: object): Promise<number> {
        return run();
      }
    }
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: nest.servers })],
      providers: [Sockets],
    }).compile();
    const error = await testing.init().catch((reason: unknown) => reason);
    await testing.close();
    expect(error).toBeInstanceOf(DecoratorError);
    const mend =
      "differs from request to request, so no two would share an answer; name what the result depends on by 'key'";
    expect((error as Error).message.split('\n')).toEqual([
      `Sockets.mine @Cacheable: @ConnectedSocket() ${mend}`,
      `Sockets.bare @Cacheable: @ConnectedSocket() ${mend}`,
    ]);
  });
});
