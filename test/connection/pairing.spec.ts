import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Socket } from 'node:net';
import { ProtocolError, ServerError } from '../../lib/errors.js';
import { unexpectedReply } from '../../lib/protocol/request.js';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { asking, Opened, outcome } from './opened.js';

let server: ScriptedServer;
let opened: Opened;

/** Connects to a server that negotiates and then follows the script. */
async function connect(script: (peer: Peer) => unknown, version?: string): Promise<void> {
  server = await ScriptedServer.start(async (peer) => {
    await peer.negotiate(version);
    await script(peer);
  });
  opened = new Opened(server.address);
  await opened.ready;
}

afterEach(async () => {
  opened.connection.close();
  await server.close();
});

/** The opaque at the end of a line. */
function opaqueOf(line: string | undefined): string {
  return /O\S+$/.exec(line ?? '')![0];
}

describe('pairing replies with requests', () => {
  it('gives each request its own reply, in whatever pieces they come', async () => {
    await connect(async (peer) => {
      const [first, second, third] = (await peer.lines(3)).map(opaqueOf);
      const bytes = `VA 3 f0 ${first}\r\none\r\nEN ${second}\r\nVA 5 f0 ${third}\r\nthree\r\n`;
      peer.socket.setNoDelay(true);
      for (const byte of bytes) {
        peer.send(byte);
        await new Promise(setImmediate);
      }
    });
    const replies = await Promise.all(['1', '2', '3'].map((key) => opened.ask('get', key)));
    expect(replies.map(([reply]) => reply.value)).toStrictEqual(['one', undefined, 'three']);
  });

  it.each([
    [
      "another request's number",
      (opaque: string) =>
        `VA 1 f0 ${opaque.replace(/\d+$/, (number) => String((Number(number) + 1) % 4096))}\r\nx\r\n`,
    ],
    ["another connection's number", (opaque: string) => `VA 1 f0 ${opaque.replace(/O./, 'O~')}\r\nx\r\n`],
    ['no number', () => 'VA 1 f0\r\nx\r\n'],
    ['a classic item', () => 'VALUE k 0 1\r\nx\r\nEND\r\n'],
    ['a word of the other dialect', () => 'STORED\r\n'],
    ['no protocol at all', () => 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a reply cut short by garbage', (opaque: string) => `VA 5 f0 ${opaque}\r\nhel\0\0\0\0\0\0lo\r\n`],
  ])('ends the connection over a reply with %s, and hands nothing out', async (_name, reply) => {
    await connect(async (peer) => {
      peer.send(reply(opaqueOf(await peer.line())));
    });
    const asked = [opened.ask('get', 'k'), opened.ask('get', 'l')].map(outcome);
    const { error } = await opened.ended;
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ server: server.address });
    expect(await Promise.all(asked)).toStrictEqual(['MEMCACHED_PROTOCOL', 'MEMCACHED_PROTOCOL']);
  });

  it('does not let a doubled reply answer the next request', async () => {
    await connect((peer) =>
      peer.answer((line) => {
        const reply = `VA 3 f0 ${opaqueOf(line)}\r\none\r\n`;
        return line.startsWith('mg 1') ? reply + reply : `VA 3 f0 ${opaqueOf(line)}\r\ntwo\r\n`;
      }),
    );
    const [first, second] = await Promise.all([
      outcome(opened.ask('get', '1')),
      outcome(opened.ask('get', '2')),
    ]);
    expect(first).toMatchObject([{ value: 'one' }]);
    expect(second).toBe('MEMCACHED_PROTOCOL');
  });

  it('ends an idle connection over a reply to nothing', async () => {
    await connect((peer) => peer.send('STORED\r\n'));
    const { error, lost } = await opened.ended;
    expect(error).toMatchObject({
      code: 'MEMCACHED_PROTOCOL',
      message: expect.stringContaining('to no request'),
    });
    expect(lost).toStrictEqual([]);
  });

  it('does not let a reply too many answer a request that is about to be written', async () => {
    await connect((peer) => peer.answer(() => 'END\r\nEND\r\n'));
    const answer = await new Promise((resolve) => {
      const asked = asking('get-many', '', { keys: ['a'] });
      // Between the two replies, which come in one piece, the next request joins the batch.
      asked.resolve = () => resolve(outcome(opened.ask('get-many', '', { keys: ['b'] })));
      opened.connection.push(asked);
    });
    expect(answer).toBe('MEMCACHED_PROTOCOL');
    expect((await opened.ended).lost).toStrictEqual([]);
  });

  it('takes an error line to nothing for the last words of the server', async () => {
    await connect((peer) => peer.send('ERROR Too many open connections\r\n'));
    const { error } = await opened.ended;
    expect(error).toBeInstanceOf(ServerError);
    expect(error?.message).toMatch(/no connection left/);
  });

  it('lets a refused request fail alone', async () => {
    await connect((peer) =>
      peer.answer((line) =>
        line.startsWith('ma')
          ? 'CLIENT_ERROR cannot increment non-numeric value\r\n'
          : `HD ${opaqueOf(line)}\r\n`,
      ),
    );
    const [counted, deleted] = await Promise.all([
      outcome(opened.ask('incr', 'k')),
      outcome(opened.ask('delete', 'k')),
    ]);
    expect(counted).toBe('MEMCACHED_SERVER');
    expect(deleted).toMatchObject([{ status: 'ok' }]);
  });

  it('goes on after a server that had no memory for a value', async () => {
    await connect(async (peer) => {
      await peer.lines(2);
      peer.send('SERVER_ERROR out of memory storing object\r\n');
      await peer.answer((line) => `HD ${opaqueOf(line)}\r\n`);
    });
    const stored = outcome(opened.ask('set', 'k', { data: Buffer.from('x') }));
    expect(await stored).toBe('MEMCACHED_SERVER');
    expect(await opened.ask('delete', 'k')).toMatchObject([{ status: 'ok' }]);
  });

  it('trusts a stream no more in which a data block may have been read as commands', async () => {
    await connect(async (peer) => {
      await peer.lines(2);
      peer.send('CLIENT_ERROR bad command line format\r\nERROR\r\n');
    });
    const stored = outcome(opened.ask('set', 'k', { data: Buffer.from('flush_all') }));
    const read = outcome(opened.ask('get', 'k'));
    const { error } = await opened.ended;
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error?.message).not.toMatch(/flush_all/);
    expect(await stored).toBe('MEMCACHED_SERVER');
    expect(await read).toBe('MEMCACHED_PROTOCOL');
  });

  it('lets a reader that cannot make sense of a value fail its request alone', async () => {
    await connect((peer) => peer.answer((line) => `VA 1 f0 ${opaqueOf(line)}\r\nx\r\n`));
    const broken = opened.ask('get', 'k', {
      read: () => {
        throw new TypeError('no JSON');
      },
    });
    await expect(broken).rejects.toThrow('no JSON');
    expect(await opened.ask('get', 'k')).toMatchObject([{ value: 'x' }]);
  });

  it('ends the connection over a reply that is none to its reader', async () => {
    await connect((peer) => peer.answer((line) => `HD ${opaqueOf(line)}\r\n`));
    const asked = opened.ask('get', 'k', {
      read: (reply, self) => {
        throw unexpectedReply(reply, self);
      },
    });
    await expect(asked).rejects.toMatchObject({
      code: 'MEMCACHED_PROTOCOL',
      server: server.address,
      message: `${server.address}: get "k": answered by 'ok', which is no answer to it`,
    });
    expect((await opened.ended).error).toBeInstanceOf(ProtocolError);
  });

  it("ends the connection over an error in a caller's own code, and lets it be seen", async () => {
    const on = jest.spyOn(Socket.prototype, 'on');
    await connect(() => {});
    const [, receive] = on.mock.calls.find(([event]) => (event as string) === 'data') as unknown as [
      string,
      (bytes: Buffer) => void,
    ];
    on.mockRestore();
    const asked = asking('delete', 'k');
    asked.resolve = () => {
      throw new TypeError('a listener of the application');
    };
    opened.connection.push(asked);
    const opaque = opaqueOf(await server.peers[0].line());
    expect(() => receive(Buffer.from(`HD ${opaque}\r\n`))).toThrow('a listener of the application');
    expect((await opened.ended).error).toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      message: `${server.address}: given up after an error in this process`,
    });
  });

  it('believes no list that has more items than were asked for', async () => {
    await connect((peer) => peer.answer(() => `${'VALUE k 0 1\r\nx\r\n'.repeat(3)}END\r\n`));
    expect(await outcome(opened.ask('get-many', '', { keys: ['k', 'l'] }))).toBe('MEMCACHED_PROTOCOL');
  });

  describe('in the classic dialect', () => {
    it('gives each request its own reply', async () => {
      await connect(
        (peer) =>
          peer.answer((line) => {
            if (line === 'get miss') return 'END\r\n';
            return line.startsWith('get') ? 'VALUE k 0 1\r\nx\r\nEND\r\n' : 'STORED\r\n';
          }),
        '1.5.22',
      );
      expect(opened.connection.dialect).toBe('classic');
      const replies = await Promise.all([
        opened.ask('get', 'k'),
        opened.ask('get', 'miss'),
        opened.ask('get', 'k'),
      ]);
      expect(replies.map((reply) => reply.map(({ status }) => status))).toStrictEqual([
        ['value', 'end'],
        ['end'],
        ['value', 'end'],
      ]);
    });

    it.each([
      ['a value of another key', 'VALUE admin 0 1\r\nx\r\nEND\r\n'],
      ['the answer to a write', 'STORED\r\n'],
      ['a number', '5\r\n'],
      ['a meta reply', 'VA 1 f0\r\nx\r\n'],
    ])('ends the connection over %s in answer to a read', async (_name, reply) => {
      await connect((peer) => peer.answer(() => reply), '1.5.22');
      expect(await outcome(opened.ask('get', 'k'))).toBe('MEMCACHED_PROTOCOL');
      expect((await opened.ended).error).toBeInstanceOf(ProtocolError);
    });

    it('notices that a doubled reply has shifted those that follow', async () => {
      await connect(
        (peer) =>
          peer.answer((line) => {
            if (line.startsWith('delete')) return 'DELETED\r\nDELETED\r\n';
            return line.startsWith('incr') ? '7\r\n' : 'END\r\n';
          }),
        '1.5.22',
      );
      const asked = [opened.ask('delete', 'k'), opened.ask('incr', 'a'), opened.ask('get', 'b')].map(outcome);
      expect(await Promise.all(asked)).toStrictEqual([
        [{ status: 'ok', text: 'DELETED' }],
        'MEMCACHED_PROTOCOL',
        'MEMCACHED_PROTOCOL',
      ]);
    });
  });
});
