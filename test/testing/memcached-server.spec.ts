import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Conversation } from './conversation.js';

async function ask(server: MemcachedServer, request: string): Promise<string> {
  const conversation = await Conversation.open(server);
  conversation.send(request);
  conversation.end();
  return conversation.takeUntilClosed();
}

describe('an embedded server', () => {
  it('listens on a free port of 127.0.0.1', async () => {
    await using one = await MemcachedServer.start();
    await using other = await MemcachedServer.start();
    expect(one.host).toBe('127.0.0.1');
    expect(one.address).toBe(`127.0.0.1:${one.port}`);
    expect(other.port).not.toBe(one.port);
    expect(await ask(one, 'set k 0 0 1\r\nx\r\n')).toBe('STORED\r\n');
    expect(await ask(other, 'get k\r\n')).toBe('END\r\n');
  });

  it('listens where it is told to', async () => {
    await using server = await MemcachedServer.start({ host: '::1' });
    expect(server.address).toBe(`[::1]:${server.port}`);
    expect(await ask(server, 'mn\r\n')).toBe('MN\r\n');
  });

  it('says so when the port is taken', async () => {
    await using server = await MemcachedServer.start();
    await expect(MemcachedServer.start({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('answers as the version it is told to be', async () => {
    await using server = await MemcachedServer.start({ version: '1.5.22' });
    expect(await ask(server, 'version\r\n')).toBe('VERSION 1.5.22\r\n');
  });

  it('answers what was sent before the client hung up', async () => {
    await using server = await MemcachedServer.start();
    expect(await ask(server, 'set k 0 0 2\r\nok\r\nget k\r\nmn\r\nget hal')).toBe(
      'STORED\r\nVALUE k 0 2\r\nok\r\nEND\r\nMN\r\n',
    );
  });

  it('reads a conversation that arrives byte by byte', async () => {
    await using server = await MemcachedServer.start();
    const conversation = await Conversation.open(server);
    await conversation.sendOneByOne(
      'set k 5 0 4\r\na\r\nb\r\nms j 2 T100\r\nok\r\nget k j\r\nmg j v q k\r\nmn\r\n',
    );
    expect(await conversation.take(10)).toBe(
      'STORED\r\nHD\r\nVALUE k 5 4\r\na\r\nb\r\nVALUE j 0 2\r\nok\r\nEND\r\nVA 2 kj\r\nok\r\nMN\r\n',
    );
    conversation.close();
  });

  it('serves many clients at once, each its own replies', async () => {
    await using server = await MemcachedServer.start();
    const clients = await Promise.all(Array.from({ length: 200 }, () => Conversation.open(server)));
    const answers = await Promise.all(
      clients.map(async (client, id) => {
        client.send(`set k${id} 0 0 ${String(id).length}\r\n${id}\r\nma sum N0 J1 q\r\nget k${id}\r\n`);
        await client.take(4);
        client.send(`get k${id}\r\n`);
        return client.take(3);
      }),
    );
    expect(answers).toEqual(
      clients.map((_, id) => `VALUE k${id} 0 ${String(id).length}\r\n${id}\r\nEND\r\n`),
    );
    expect(await ask(server, 'get sum\r\n')).toBe('VALUE sum 0 3\r\n200\r\nEND\r\n');
    for (const client of clients) client.close();
  });

  it('loses no count when clients race for it', async () => {
    await using server = await MemcachedServer.start();
    await ask(server, 'set n 0 0 1\r\n0\r\n');
    await Promise.all(Array.from({ length: 50 }, () => ask(server, 'incr n 1 noreply\r\n'.repeat(20))));
    expect(await ask(server, 'get n\r\n')).toContain('\r\n1000\r\n');
  });

  it('waits for a client that does not read, and holds little for it meanwhile', async () => {
    await using server = await MemcachedServer.start();
    const value = 'y'.repeat(1_000_000);
    await ask(server, `set big 0 0 ${value.length}\r\n${value}\r\n`);
    const socket = connect(server.port, server.host).pause();
    await once(socket, 'connect');
    const gets = 200;
    socket.write(`${'get big\r\n'.repeat(gets)}quit\r\n`);
    const before = await heldFor(server);
    expect(before).toBeLessThan((gets * value.length) / 4);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    socket.resume();
    await once(socket, 'end');
    expect(received).toBe(gets * (value.length + 'VALUE big 0 1000000\r\n\r\nEND\r\n'.length));
    socket.destroy();
  });
});

/** Bytes the server has handed to its sockets so far, asked until that stands still. */
async function heldFor(server: MemcachedServer): Promise<number> {
  const written = async (): Promise<number> =>
    Number(/STAT bytes_written (\d+)/.exec(await ask(server, 'stats\r\n'))?.[1]);
  let last = -1;
  for (let now = await written(); now - last > 1_000_000 || last < 0; now = await written()) last = now;
  return last;
}

describe('closing an embedded server', () => {
  it('ends every connection and frees the port for another one, which is empty', async () => {
    const server = await MemcachedServer.start();
    const idle = await Conversation.open(server);
    const busy = await Conversation.open(server);
    busy.send('set k 0 0 1\r\nx\r\nset half 0 0 100\r\nhal');
    expect(await busy.take(1)).toBe('STORED\r\n');
    await server.close();
    expect(await idle.takeUntilClosed()).toBe('');
    expect(await busy.takeUntilClosed()).toBe('');

    await using again = await MemcachedServer.start({ port: server.port });
    expect(again.port).toBe(server.port);
    expect(await ask(again, 'get k\r\n')).toBe('END\r\n');
  });

  it('refuses connections afterwards', async () => {
    const server = await MemcachedServer.start();
    await server.close();
    await expect(Conversation.open(server)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('can be done twice, and at the end of a block', async () => {
    let port: number;
    {
      await using server = await MemcachedServer.start();
      port = server.port;
      await Promise.all([server.close(), server.close()]);
    }
    await using again = await MemcachedServer.start({ port });
    expect(again.port).toBe(port);
  });

  it('ends a connection that is still shaking hands over TLS', async () => {
    const server = await MemcachedServer.start({ tls: serverCertificate() });
    const halfway = await Conversation.open(server);
    await server.close();
    expect(await halfway.takeUntilClosed()).toBe('');
  });
});

describe('limits of an embedded server', () => {
  it('turns away a client too many, and lets it in when another one has gone', async () => {
    await using server = await MemcachedServer.start({ maxConnections: 2 });
    const one = await Conversation.open(server);
    const other = await Conversation.open(server);
    one.send('mn\r\n');
    other.send('mn\r\n');
    await Promise.all([one.take(1), other.take(1)]);
    expect(await ask(server, 'mn\r\n')).toBe('ERROR Too many open connections\r\n');
    one.send('stats\r\n');
    const stats = await one.take(80);
    expect(stats).toContain('STAT max_connections 2\r\n');
    expect(stats).toContain('STAT curr_connections 2\r\n');
    expect(stats).toContain('STAT rejected_connections 1\r\n');
    other.send('quit\r\n');
    await other.takeUntilClosed();
    expect(await ask(server, 'mn\r\n')).toBe('MN\r\n');
    one.close();
  });

  it('evicts what was used least recently when memory is full', async () => {
    await using server = await MemcachedServer.start({ memoryLimitBytes: 10_000 });
    const conversation = await Conversation.open(server);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      conversation.send(`set ${key} 0 0 1000\r\n${'x'.repeat(1000)}\r\n`);
      await conversation.take(1);
    }
    conversation.send('mg a\r\n');
    await conversation.take(1);
    conversation.send(`set j 0 0 1000\r\n${'x'.repeat(1000)}\r\nmg a\r\nmg b\r\nmg c\r\nmg j\r\n`);
    expect(await conversation.take(5)).toBe('STORED\r\nHD\r\nEN\r\nHD\r\nHD\r\n');
    conversation.send('stats\r\n');
    const stats = await conversation.take(80);
    expect(stats).toContain('STAT evictions 1\r\n');
    expect(stats).toContain('STAT limit_maxbytes 10000\r\n');
    conversation.close();
  });
});

describe('an embedded server behind TLS', () => {
  it('speaks TLS with the given certificate and nothing else', async () => {
    await using server = await MemcachedServer.start({ tls: serverCertificate() });
    const socket = connectTls({
      host: server.host,
      port: server.port,
      servername: 'localhost',
      ca: fixture('ca.crt'),
    });
    await once(socket, 'secureConnect');
    socket.write('set k 0 0 1\r\nx\r\nget k\r\nquit\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toBe('STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n');

    const plain = await Conversation.open(server);
    plain.send('version\r\n');
    expect(await plain.takeUntilClosed()).not.toContain('VERSION');
  });
});

function serverCertificate(): { cert: Buffer; key: Buffer } {
  return { cert: fixture('server.crt'), key: fixture('server.key') };
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
}
