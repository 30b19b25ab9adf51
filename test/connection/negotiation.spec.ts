import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { ServerVersion } from '../../lib/connection/server-version.js';
import { MemcachedError } from '../../lib/errors.js';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { Opened, outcome } from './opened.js';

const PASSWORD = 's3cret';

/** A server that wants authentication, as memcached with `-Y` does. */
async function guarded(peer: Peer, log: string[] = []): Promise<void> {
  let welcome = false;
  await peer.answer((line) => {
    log.push(line);
    if (line.startsWith('set ')) return '';
    if (line === `alice ${PASSWORD}`) {
      welcome = true;
      return 'STORED\r\n';
    }
    if (line.startsWith('alice')) return 'CLIENT_ERROR authentication failure\r\n';
    if (!welcome) return 'CLIENT_ERROR unauthenticated\r\n';
    return greeting(line);
  });
}

/** What a memcached without statistics says to what a client asks first. */
function greeting(line: string): string {
  if (line === 'version') return 'VERSION 1.6.18\r\n';
  return line === 'mn' ? 'MN\r\n' : 'ERROR\r\n';
}

/** Everything a user could come to see of an error. */
function everything(error: unknown): string {
  const { message, stack, cause } = error as Error;
  return [
    message,
    stack,
    inspect(error, { depth: 10, showHidden: true }),
    JSON.stringify(error),
    inspect(cause),
  ].join();
}

describe('negotiation', () => {
  it('finds the meta dialect of memcached 1.6', async () => {
    await using server = await ScriptedServer.start((peer) => peer.negotiate('1.6.18'));
    const opened = new Opened(server.address);
    expect(opened.connection.ready).toBe(false);
    await opened.ready;
    expect(opened.connection).toMatchObject({ ready: true, dialect: 'meta', refusedMeta: false });
    expect(opened.connection.version.text).toBe('1.6.18');
    opened.connection.close();
  });

  it.each(['1.5.22', '1.4.39', '1.6.9', 'mcrouter 42', 'unknown', ''])(
    'speaks classic with version %s, which is asked for nothing else',
    async (version) => {
      const log: string[] = [];
      await using server = await ScriptedServer.start((peer) =>
        peer.answer((line) => {
          log.push(line);
          return `VERSION ${version}\r\n`;
        }),
      );
      const opened = new Opened(server.address);
      await opened.ready;
      expect(opened.connection.dialect).toBe('classic');
      expect(log).toStrictEqual(['version']);
      opened.connection.close();
    },
  );

  it('speaks classic with anyone when told to', async () => {
    await using server = await ScriptedServer.start((peer) => peer.negotiate('1.6.18'));
    const opened = new Opened(server.address, { protocol: 'classic' });
    await opened.ready;
    expect(opened.connection.dialect).toBe('classic');
    opened.connection.close();
  });

  it.each([
    ['hangs up', (peer: Peer) => peer.hangUp()],
    ['resets the connection', (peer: Peer) => peer.reset()],
    ['answers with an error', (peer: Peer) => peer.send('ERROR\r\n')],
  ])('knows a proxy that %s when asked for the meta dialect', async (_name, refuse) => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.line();
      peer.send('VERSION 1.6.18\r\n');
      expect(await peer.line()).toBe('mn');
      refuse(peer);
    });
    const opened = new Opened(server.address);
    const { error } = await opened.ended;
    expect(error).toBeInstanceOf(MemcachedError);
    expect(opened.connection.refusedMeta).toBe(true);
  });

  it('does not take a server that is merely silent for such a proxy', async () => {
    await using server = await ScriptedServer.start((peer) =>
      peer.answer((line) => (line === 'version' ? 'VERSION 1.6.18\r\n' : '')),
    );
    const opened = new Opened(server.address, { connectTimeout: 100 });
    const { error } = await opened.ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
    expect(opened.connection.refusedMeta).toBe(false);
  });

  it('does not take a connection that the client closes itself for such a proxy', async () => {
    let asked!: () => void;
    const triedMeta = new Promise<void>((resolve) => (asked = resolve));
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.line();
      peer.send('VERSION 1.6.18\r\n');
      await peer.line();
      asked();
    });
    const opened = new Opened(server.address);
    await triedMeta;
    opened.connection.close();
    expect((await opened.ended).error).toBeUndefined();
    expect(opened.connection.refusedMeta).toBe(false);
  });

  it('lets requests wait, and hands them back unsent when it fails', async () => {
    await using server = await ScriptedServer.start((peer) => peer.hangUp());
    const opened = new Opened(server.address);
    const asked = outcome(opened.ask('incr', 'k'));
    const { error, lost, unsent } = await opened.ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'not-sent' });
    expect(lost).toStrictEqual([]);
    expect(unsent.map(({ key, outcome }) => [key, outcome])).toStrictEqual([['k', 'not-sent']]);
    expect(await asked).toBe('MEMCACHED_CONNECTION');
  });

  it('names the server and the reason when nobody is there', async () => {
    const gone = await ScriptedServer.start(() => {});
    const { port } = gone;
    await gone.close();
    for (const host of ['127.0.0.1', 'localhost']) {
      const { error } = await new Opened({ host, port }).ended;
      expect(error).toMatchObject({
        code: 'MEMCACHED_CONNECTION',
        server: `${host}:${port}`,
        outcome: 'not-sent',
      });
      expect(error?.message).toMatch(new RegExp(`^${host}:${port}: cannot connect: .*ECONNREFUSED`));
    }
  });

  it('names a socket path that is not there', async () => {
    const { error } = await new Opened('/nonexistent/memcached.sock').ended;
    expect(error?.message).toMatch(/^\/nonexistent\/memcached\.sock: cannot connect: .*ENOENT/);
  });

  it('knows an HTTP server when it meets one', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const opened = new Opened(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    const { error } = await opened.ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_PROTOCOL', message: expect.stringContaining('HTTP/1.1') });
    server.close();
  });

  it.each([
    ['the answer to another command', 'STORED\r\n'],
    ['a value', 'VALUE version 0 6\r\n1.6.18\r\nEND\r\n'],
    ['two answers', 'VERSION 1.6.18\r\nMN\r\n'],
    ['a greeting', '* OK IMAP4 ready\r\n'],
    ['bytes', '\0\x01\x02\xff\n'],
  ])('gives a peer up that answers %s', async (_name, answer) => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.line();
      peer.send(answer);
    });
    const { error } = await new Opened(server.address).ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_PROTOCOL', server: server.address });
  });

  it('says so when the server has no connection left', async () => {
    await using server = await ScriptedServer.start((peer) => {
      peer.send('ERROR Too many open connections\r\n');
      peer.socket.end();
    });
    const { error } = await new Opened(server.address).ended;
    expect(error).toMatchObject({
      code: 'MEMCACHED_SERVER',
      message: `${server.address} has no connection left (raise memcached's -c)`,
    });
  });

  it('tells what a server said that refuses for a reason of its own', async () => {
    await using server = await ScriptedServer.start((peer) => peer.answer(() => 'CLIENT_ERROR go away\r\n'));
    const { error } = await new Opened(server.address).ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_SERVER', reply: 'CLIENT_ERROR go away' });
    expect(error?.message).toBe(`${server.address} refuses the connection: CLIENT_ERROR go away`);
  });

  it('takes a proxy for one that is there when the server it asks is not', async () => {
    await using server = await ScriptedServer.start((peer) =>
      peer.answer((line) => (line === 'version' ? 'SERVER_ERROR Connection refused\r\n' : 'END\r\n')),
    );
    const opened = new Opened(server.address);
    await opened.ready;
    expect(opened.connection.dialect).toBe('classic');
    opened.connection.close();
  });

  it('notices a server without cas tokens: by its settings, or by the first token', async () => {
    const settings = 'STAT cas_enabled no\r\nEND\r\n';
    await using meta = await ScriptedServer.start((peer) => peer.negotiate('1.6.18', settings));
    const told = new Opened(meta.address);
    await told.ready;
    expect(told.connection.hasCas).toBe(false);
    told.connection.close();
    await using classic = await ScriptedServer.start(async (peer) => {
      await peer.negotiate('1.4.39');
      await peer.answer(() => 'VALUE k 0 1 0\r\nx\r\nEND\r\n');
    });
    const seen = new Opened(classic.address);
    await seen.ready;
    expect(seen.connection.hasCas).toBe(true);
    await seen.ask('gets', 'k');
    expect(seen.connection.hasCas).toBe(false);
    seen.connection.close();
  });
});

describe('authentication', () => {
  it('is given to a server that asks for it, once', async () => {
    const log: string[] = [];
    await using server = await ScriptedServer.start((peer) => guarded(peer, log));
    const opened = new Opened({
      host: '127.0.0.1',
      port: server.port,
      username: 'alice',
      password: PASSWORD,
    });
    await opened.ready;
    expect(log).toStrictEqual([
      'version',
      'set auth 0 0 12',
      `alice ${PASSWORD}`,
      'version',
      'mn',
      'stats',
      'stats settings',
    ]);
    opened.connection.close();
  });

  it('is not given to a server that asks for none, which would store it as a value', async () => {
    const log: string[] = [];
    await using server = await ScriptedServer.start((peer) =>
      peer.answer((line) => {
        log.push(line);
        return greeting(line);
      }),
    );
    const opened = new Opened({
      host: '127.0.0.1',
      port: server.port,
      username: 'alice',
      password: PASSWORD,
    });
    await opened.ready;
    expect(log).toStrictEqual(['version', 'mn', 'stats', 'stats settings']);
    opened.connection.close();
  });

  it('counts a password in bytes', async () => {
    const log: string[] = [];
    await using server = await ScriptedServer.start((peer) => guarded(peer, log));
    const opened = new Opened({
      host: '127.0.0.1',
      port: server.port,
      username: 'alice',
      password: 'pä\u{1f511}',
    });
    await opened.ended;
    expect(log[1]).toBe('set auth 0 0 13');
    expect(Buffer.from(log[2], 'latin1').toString('utf8')).toBe('alice pä\u{1f511}');
  });

  it('fails with words that help and do not tell the password', async () => {
    await using server = await ScriptedServer.start((peer) => guarded(peer));
    const wrong = new Opened({
      host: '127.0.0.1',
      port: server.port,
      username: 'alice',
      password: 'wr0ng-secret',
    });
    const { error } = await wrong.ended;
    expect(error).toMatchObject({
      code: 'MEMCACHED_SERVER',
      message: `${server.address} refuses the username and password of the options`,
    });
    expect(everything(error)).not.toMatch(/wr0ng|alice/);
    expect(inspect(wrong.connection, { depth: 10, showHidden: true })).not.toMatch(/wr0ng/);
  });

  it('is asked for by name when the options have none', async () => {
    await using server = await ScriptedServer.start((peer) => guarded(peer));
    const { error } = await new Opened(server.address).ended;
    expect(error?.message).toBe(
      `${server.address} asks for a username and password, and the options name none`,
    );
  });

  it('never shows up in the errors of a server that dies over it', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.line();
      peer.send('CLIENT_ERROR unauthenticated\r\n');
      await peer.lines(2);
      peer.hangUp();
    });
    const opened = new Opened({
      host: '127.0.0.1',
      port: server.port,
      username: 'alice',
      password: PASSWORD,
    });
    const { error } = await opened.ended;
    expect(error).toBeInstanceOf(MemcachedError);
    expect(everything(error)).not.toMatch(/s3cret|alice/);
  });
});

describe('TLS', () => {
  const file = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const keys = { cert: file('server.crt'), key: file('server.key') };
  const ca = file('ca.crt');
  const place = (server: ScriptedServer, tls: object): { host: string; port: number; tls: object } => ({
    host: '127.0.0.1',
    port: server.port,
    tls,
  });

  it('carries the negotiation to a server whose certificate is trusted', async () => {
    await using server = await ScriptedServer.start((peer) => peer.negotiate(), keys);
    const opened = new Opened(place(server, { ca }));
    await opened.ready;
    expect(opened.connection.dialect).toBe('meta');
    opened.connection.close();
  });

  it.each([
    ['an authority that nobody trusts', {}, /unable to verify|self.signed/],
    ['another name than the one asked for', { ca, servername: 'cache.example.org' }, /does not match/],
  ])('refuses a certificate of %s', async (_name, tls, reason) => {
    await using server = await ScriptedServer.start((peer) => peer.negotiate(), keys);
    const opened = new Opened(place(server, tls));
    const asked = outcome(opened.ask('get', 'k'));
    const { error } = await opened.ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'not-sent' });
    expect(error?.message).toMatch(reason);
    expect(await asked).toBe('MEMCACHED_CONNECTION');
    expect(server.peers).toStrictEqual([]);
  });

  it('fails like any connection with a key that cannot be read', async () => {
    await using server = await ScriptedServer.start((peer) => peer.negotiate(), keys);
    const { error } = await new Opened(place(server, { ca, cert: 'no certificate', key: 'no key' })).ended;
    expect(error).toMatchObject({ code: 'MEMCACHED_CONNECTION', outcome: 'not-sent' });
  });

  it('fails with a server that speaks none', async () => {
    await using server = await ScriptedServer.start((peer) => peer.answer(() => 'ERROR\r\n'));
    const { error } = await new Opened(place(server, { ca }), { connectTimeout: 500 }).ended;
    expect(error).toBeInstanceOf(MemcachedError);
  });
});

describe('a server version', () => {
  it.each([
    ['1.6.18', true],
    ['1.6.0', true],
    ['1.6.45-dirty', true],
    ['1.10.0', true],
    ['2.0.0', true],
    ['1.5.99', false],
    ['0.9.9', false],
    ['', false],
    ['mcrouter 1.6.18', false],
  ])('%j is at least 1.6.0: %j', (text, expected) => {
    expect(new ServerVersion(text).atLeast(1, 6, 0)).toBe(expected);
  });

  it('is compared number by number', () => {
    const version = new ServerVersion('1.6.9');
    expect(version.atLeast(1, 6, 10)).toBe(false);
    expect(version.atLeast(1, 5, 20)).toBe(true);
    expect(version.text).toBe('1.6.9');
  });
});
