import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from '@jest/globals';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { Opened, outcome } from './opened.js';

const file = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));

let server: ScriptedServer;
let opened: Opened;
/** What the server was sent, behind the negotiation. */
let lines: string[];

afterEach(async () => {
  opened.connection.close();
  await server.close();
});

/** Connects to a server that answers the first request only once another has come, and each later one at once. */
async function connect(version: string, { tls }: { tls: boolean }): Promise<void> {
  lines = [];
  const script = async (peer: Peer): Promise<void> => {
    await peer.negotiate(version);
    let unread = '';
    await peer.answer((line) => {
      lines.push(line);
      const reply = line === 'version' ? `VERSION ${version}\r\n` : `EN O${/ O(\S+)$/.exec(line)![1]}\r\n`;
      if (lines.length === 1) unread = reply;
      else if (lines.length === 2) return unread + reply;
      else return reply;
      return '';
    });
  };
  server = await ScriptedServer.start(
    script,
    tls ? { cert: file('server.crt'), key: file('server.key') } : undefined,
  );
  const place = { host: '127.0.0.1', port: server.port };
  opened = new Opened(tls ? { ...place, tls: { ca: file('ca.crt') } } : place, { commandTimeout: 600 });
  await opened.ready;
}

const read = (): Promise<unknown> => outcome(opened.ask('get', 'k', { timeoutMs: 600 }));

it('wakes a server that has left the end of a burst unread, over TLS before 1.6.39', async () => {
  await connect('1.6.38', { tls: true });
  expect(await read()).toMatchObject([{ status: 'not-found' }]);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toBe('version');
  // Once, and not again where replies come.
  expect(await read()).toMatchObject([{ status: 'not-found' }]);
  expect(lines).toHaveLength(3);
});

it.each([
  ['a newer one', '1.6.39', true],
  ['one without TLS', '1.6.18', false],
])('does not wake %s', async (_what, version, tls) => {
  await connect(version, { tls });
  expect(await read()).toBe('MEMCACHED_TIMEOUT');
  expect(lines).toHaveLength(1);
});
