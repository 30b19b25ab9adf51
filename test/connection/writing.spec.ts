import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { WriteBatch } from '../../lib/connection/write-batch.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { asking, Opened } from './opened.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** What reaches the operating system: one entry for each call. */
function recorder(): { socket: Socket; calls: string[] } {
  const calls: string[] = [];
  const bytes = (chunk: unknown, encoding: BufferEncoding): string =>
    Buffer.from(chunk as string, encoding).toString('latin1');
  const writable = new Writable({
    decodeStrings: false,
    write(chunk, encoding, done) {
      calls.push(bytes(chunk, encoding));
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk, encoding }) => bytes(chunk, encoding)).join(''));
      done();
    },
  });
  return { socket: writable as unknown as Socket, calls };
}

describe('a batch', () => {
  it('reaches the system in one call, small and large data blocks and all', () => {
    const { socket, calls } = recorder();
    const batch = new WriteBatch();
    const large = Buffer.alloc(5000, '\xff', 'latin1');
    batch.addLine('mg a v\r\n');
    batch.addLine('ms b 2\r\n');
    batch.addDataBlock(Buffer.from('\xe9\xff', 'latin1'));
    batch.addLine('ms c 5000\r\n');
    batch.addDataBlock(large);
    batch.addLine('mg d v\r\n');
    const expected = `mg a v\r\nms b 2\r\n\xe9\xff\r\nms c 5000\r\n${large.toString('latin1')}\r\nmg d v\r\n`;
    expect(batch).toMatchObject({ requests: 4, bytes: expected.length });
    batch.writeTo(socket);
    expect(calls).toStrictEqual([expected]);
    expect(batch).toMatchObject({ requests: 0, bytes: 0 });
  });

  it('begins anew after it was written', () => {
    const { socket, calls } = recorder();
    const batch = new WriteBatch();
    batch.addLine('ms c 5000\r\n');
    batch.addDataBlock(Buffer.alloc(5000));
    batch.writeTo(socket);
    batch.addLine('mg d v\r\n');
    batch.writeTo(socket);
    expect(calls[1]).toBe('mg d v\r\n');
  });
});

describe('writing', () => {
  it('takes one write for all that one turn of the event loop asks for', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate();
      await peer.answer((line) => `EN ${/O\S+$/.exec(line)![0]}\r\n`);
    });
    const opened = new Opened(server.address);
    await opened.ready;
    const write = jest.spyOn(Socket.prototype, 'write');
    const mine = (): string[] =>
      write.mock.calls.map(([bytes]) => bytes as string).filter((text) => text.startsWith('mg'));
    await Promise.all([
      opened.ask('get', 'a'),
      opened.ask('get', 'b'),
      Promise.resolve().then(() => opened.ask('get', 'c')),
      new Promise<void>(queueMicrotask).then(() => opened.ask('get', 'd')),
    ]);
    expect(mine().map((text) => text.replaceAll(/ O\S+/g, ''))).toStrictEqual([
      'mg a v f\r\nmg b v f\r\nmg c v f\r\nmg d v f\r\n',
    ]);
    await opened.ask('get', 'e');
    expect(mine()).toHaveLength(2);
    opened.connection.close();
  });

  it('keeps the order of requests, through the opening of the connection as well', async () => {
    const lines: string[] = [];
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate();
      await peer.answer((line) => {
        lines.push(line);
        return `EN ${/O\S+$/.exec(line)![0]}\r\n`;
      });
    });
    const opened = new Opened(server.address);
    opened.first.push(asking('delete', 'owed'));
    const early = ['a', 'b', 'c'].map((key) => opened.ask('get', key));
    await opened.ready;
    const late = ['d', 'e'].map((key) => opened.ask('get', key));
    await Promise.all([...early, ...late]);
    expect(lines.map((line) => line.split(' ')[1])).toStrictEqual(['owed', 'a', 'b', 'c', 'd', 'e']);
    opened.connection.close();
  });

  it('counts opaques around without losing a request', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate();
      await peer.answer((line) => `HD ${/O\S+$/.exec(line)![0]}\r\n`);
    });
    const opened = new Opened(server.address);
    const asked = Array.from({ length: 9000 }, (_, index) => opened.ask('delete', `k${index}`));
    const replies = await Promise.all(asked);
    const first = Number(replies[0][0].opaque ?? 0);
    expect(replies.map(([reply]) => reply.opaque ?? 0)).toStrictEqual(
      replies.map((_, index) => (first + index) % 4096),
    );
    opened.connection.close();
  });
});

describe('what is on its way in the classic dialect', () => {
  it.each([
    ['256 values', 300, 20_000, 256],
    ['1024 small ones', 1100, 10, 1024],
  ])('is %s at most', async (_, count, bytes, atMost) => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate('1.4.39');
      await peer.lines(2 * atMost);
      peer.hangUp();
    });
    const opened = new Opened(server.address);
    const data = Buffer.alloc(bytes, 'x');
    for (let index = 0; index < count; index += 1)
      void opened.ask('set', 'k', { data }).catch(() => undefined);
    const { lost, unsent } = await opened.ended;
    expect([lost.length, unsent.length]).toEqual([atMost, count - atMost]);
  });

  it('is 256 reads at most, and more once their values are known to be small', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate('1.4.39');
      await peer.lines(256);
      for (let index = 0; index < 256; index += 1) peer.send('VALUE k 0 1\r\nx\r\nEND\r\n');
      await peer.lines(1024);
      peer.hangUp();
    });
    const opened = new Opened(server.address);
    const all = Array.from({ length: 2000 }, () => opened.ask('get', 'k').catch(() => undefined));
    await all[255];
    const { lost, unsent } = await opened.ended;
    expect([lost.length, unsent.length]).toEqual([1024, 2000 - 256 - 1024]);
  });
});
