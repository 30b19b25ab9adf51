import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../../lib/errors.js';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { Opened, outcome } from './opened.js';

const opaqueOf = (line: string | undefined): string => /O\S+$/.exec(line ?? '')![0];

/** A server that negotiates and then follows the script, and a connection to it. */
async function connect(script: (peer: Peer) => unknown): Promise<{ server: ScriptedServer; opened: Opened }> {
  const server = await ScriptedServer.start(async (peer) => {
    await peer.negotiate();
    await script(peer);
  });
  const opened = new Opened(server.address);
  await opened.ready;
  return { server, opened };
}

describe('a connection that is lost', () => {
  it.each([
    ['closed', (peer: Peer) => peer.hangUp()],
    ['half closed', (peer: Peer) => peer.socket.end()],
    ['reset', (peer: Peer) => peer.reset()],
  ])('hands back what was written and what was not, when it is %s', async (_name, end) => {
    const { server, opened } = await connect(async (peer) => {
      const [first] = await peer.lines(2);
      peer.send(`HD ${opaqueOf(first)}\r\n`);
      await new Promise(setImmediate);
      end(peer);
    });
    const asked = ['a', 'b'].map((key) => opened.ask('delete', key)).map(outcome);
    const { error, lost, unsent } = await opened.ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'unknown', server: server.address });
    expect(error?.message).toMatch(/connection lost: /);
    expect(lost.map(({ key, outcome }) => [key, outcome])).toStrictEqual([['b', 'unknown']]);
    expect(unsent).toStrictEqual([]);
    expect(await Promise.all(asked)).toStrictEqual([expect.anything(), 'MEMCACHED_CONNECTION']);
    await server.close();
  });

  it('is reset when it is given up with commands on their way, so that none of them arrives later', async () => {
    let ended: Promise<unknown> | undefined;
    const { server, opened } = await connect((peer) => {
      ended = once(
        peer.socket.on('error', () => {}),
        'error',
      );
    });
    void outcome(opened.ask('get', 'written'));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    opened.connection.close(new ProtocolError('given up'));
    await expect(ended).resolves.toMatchObject([{ code: 'ECONNRESET' }]);
    await server.close();
  });

  it('takes half a value with it', async () => {
    const { server, opened } = await connect(async (peer) => {
      peer.send(`VA 10 f0 ${opaqueOf(await peer.line())}\r\nhalf`);
      peer.socket.end();
    });
    expect(await outcome(opened.ask('get', 'k'))).toBe('MEMCACHED_CONNECTION');
    await server.close();
  });

  it('tells apart what was written from what still stood in the batch', async () => {
    const { server, opened } = await connect(() => {});
    void outcome(opened.ask('get', 'written'));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    void outcome(opened.ask('get', 'batched'));
    opened.connection.close(new ProtocolError('given up'));
    const { lost, unsent } = await opened.ended;
    expect(lost.map(({ key, outcome }) => [key, outcome])).toStrictEqual([['written', 'unknown']]);
    expect(unsent.map(({ key, outcome }) => [key, outcome])).toStrictEqual([['batched', 'not-sent']]);
    await server.close();
  });

  it('hands back nothing that nobody waits for any more and that was not sent', async () => {
    await using server = await ScriptedServer.start(() => {});
    const opened = new Opened(server.address);
    const late = outcome(opened.ask('incr', 'late', { timeoutMs: 20 }));
    const waits = outcome(opened.ask('incr', 'waits'));
    expect(await late).toBe('MEMCACHED_TIMEOUT');
    opened.connection.close();
    expect((await opened.ended).unsent.map(({ key }) => key)).toStrictEqual(['waits']);
    await waits;
  });

  it('hands back hundreds of thousands that waited', async () => {
    await using server = await ScriptedServer.start(() => {});
    const opened = new Opened(server.address);
    for (let count = 0; count < 150_000; count += 1) void opened.ask('get', 'k').catch(() => {});
    opened.connection.close();
    expect((await opened.ended).unsent).toHaveLength(150_000);
  });

  it('takes no more requests', async () => {
    const { server, opened } = await connect(() => {});
    opened.connection.close();
    expect(opened.connection.ready).toBe(false);
    await expect(opened.ask('incr', 'k')).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      outcome: 'not-sent',
    });
    await server.close();
  });

  it('is over once', async () => {
    const { server, opened } = await connect((peer) => peer.hangUp());
    await opened.ended;
    opened.connection.close();
    opened.connection.close(new ProtocolError('again'));
    await new Promise(setImmediate);
    expect(opened.events).toStrictEqual(['ready', 'closed']);
    await server.close();
  });
});

describe('closing', () => {
  it('closes the socket at once', async () => {
    const { server, opened } = await connect(() => {});
    opened.connection.close();
    await server.peers[0].gone;
    expect((await opened.ended).error).toBeUndefined();
    await server.close();
  });

  it('closes a connection that is still opening', async () => {
    await using server = await ScriptedServer.start(() => {});
    const opened = new Opened(server.address);
    void outcome(opened.ask('get', 'k'));
    opened.connection.close();
    expect((await opened.ended).unsent).toHaveLength(1);
    expect(opened.events).toStrictEqual(['closed']);
  });

  it('can wait for what is in flight', async () => {
    let answer!: () => void;
    const { server, opened } = await connect(async (peer) => {
      const line = await peer.line();
      await new Promise<void>((resolve) => (answer = resolve));
      peer.send(`HD ${opaqueOf(line)}\r\n`);
    });
    const order: string[] = [];
    const asked = opened.ask('delete', 'k').then(() => order.push('answered'));
    const drained = opened.connection.drained().then(() => order.push('drained'));
    while (answer === undefined) await new Promise(setImmediate);
    expect(order).toStrictEqual([]);
    answer();
    await Promise.all([asked, drained]);
    expect(order.sort()).toStrictEqual(['answered', 'drained']);
    opened.connection.close();
    await server.close();
  });

  it('need not wait when nothing is in flight', async () => {
    const { server, opened } = await connect(() => {});
    await expect(opened.connection.drained()).resolves.toBeUndefined();
    opened.connection.close();
    await expect(opened.connection.drained()).resolves.toBeUndefined();
    await server.close();
  });

  it('does not wait for the replies that nobody wants any more', async () => {
    const { server, opened } = await connect(() => {});
    const asked = outcome(opened.ask('get', 'k', { timeoutMs: 50 }));
    await opened.connection.drained();
    expect(await asked).toBe('MEMCACHED_TIMEOUT');
    await opened.connection.drained();
    opened.connection.close();
    await server.close();
  });

  it('ends the waiting when the connection ends first', async () => {
    const { server, opened } = await connect(async (peer) => {
      await peer.line();
      peer.hangUp();
    });
    void outcome(opened.ask('get', 'k'));
    await opened.connection.drained();
    expect(opened.connection.ready).toBe(false);
    await server.close();
  });
});
