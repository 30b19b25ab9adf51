import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import * as faults from './fault-proxy.js';
import { ScriptedServer } from './scripted-server.js';

let server: ScriptedServer;
let proxy: faults.FaultProxy;

beforeEach(async () => {
  server = await ScriptedServer.start((peer) => peer.answer((line) => `<${line}>`));
  proxy = await faults.FaultProxy.start({ host: '127.0.0.1', port: server.port });
});
afterEach(async () => {
  await proxy.close();
  await server.close();
});

/** A client that remembers what it heard, and whether the connection ended in an error. */
async function client(): Promise<{
  socket: Socket;
  heard(length: number): Promise<string>;
  ended: Promise<string>;
}> {
  const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    socket.once('end', () => resolve('end'));
  });
  await once(socket, 'connect');
  const heard = async (length: number): Promise<string> => {
    while (text.length < length) await once(socket, 'data');
    return text;
  };
  return { socket, heard, ended };
}

describe('the fault proxy', () => {
  it.each<[string, faults.Fault, string]>([
    ['nothing', faults.pass, '<hi>'],
    ['a drip', faults.drip(1), '<hi>'],
    ['a delay', faults.delay(5), '<hi>'],
    ['a doubled reply', faults.duplicate, '<hi><hi>'],
    ['another protocol', faults.instead('HTTP/1.1'), 'HTTP/1.1'],
    ['a fault that comes later', faults.every(2, faults.cut), '<hi>'],
  ])('lets a client see %s', async (_name, fault, expected) => {
    proxy.inject(fault);
    const { socket, heard } = await client();
    socket.write('hi\r\n');
    expect(await heard(expected.length)).toBe(expected);
  });

  it.each<[string, faults.Fault, string, string]>([
    ['a cut', faults.cut, '', 'end'],
    ['a cut in the middle', faults.truncate, '<h', 'end'],
    ['a reset', faults.reset, '', 'ECONNRESET'],
  ])('ends a connection by %s', async (_name, fault, expected, end) => {
    proxy.inject(fault);
    const { socket, heard, ended } = await client();
    socket.write('hi\r\n');
    expect(await ended).toBe(end);
    expect(await heard(0)).toBe(expected);
  });

  it('throws noise among the bytes, the same for the same random numbers', async () => {
    proxy.inject(faults.garble(() => 0.5));
    const { socket, heard } = await client();
    socket.write('hi\r\n');
    expect(await heard(15)).toBe(`<h${'\x80'.repeat(11)}i>`);
  });

  it('can leave a reply out', async () => {
    const { socket, heard } = await client();
    socket.write('one\r\n');
    expect(await heard(5)).toBe('<one>');
    proxy.inject((bytes, link) => faults.swallowFirst(Buffer.concat([Buffer.from('x\r\n'), bytes]), link));
    socket.write('two\r\n');
    expect(await heard(10)).toBe('<one><two>');
  });

  it('holds everything back until it is healed', async () => {
    proxy.inject(faults.stall);
    const { socket, heard } = await client();
    socket.write('one\r\ntwo\r\n');
    while (server.peers.length === 0) await new Promise(setImmediate);
    while (server.peers[0].socket.bytesWritten < 10) await new Promise(setImmediate);
    expect(await heard(0)).toBe('');
    proxy.heal();
    expect(await heard(10)).toBe('<one><two>');
  });

  it('can swallow everything for good', async () => {
    proxy.inject(faults.blackhole);
    const { socket, heard } = await client();
    socket.write('lost\r\n');
    while ((server.peers[0]?.socket.bytesWritten ?? 0) < 6) await new Promise(setImmediate);
    await new Promise(setImmediate);
    proxy.heal();
    socket.write('found\r\n');
    expect(await heard(7)).toBe('<found>');
  });

  it('counts connections, and can cut all that are open', async () => {
    const clients = await Promise.all([client(), client()]);
    for (const { socket } of clients) socket.write('hi\r\n');
    await Promise.all(clients.map(({ heard }) => heard(4)));
    expect(proxy).toMatchObject({ connections: 2, open: 2 });
    proxy.cutAll();
    expect(await Promise.all(clients.map(({ ended }) => ended))).toStrictEqual(['end', 'end']);
    await client();
    expect(proxy.connections).toBe(3);
  });

  it('can be away, and come back to the same place; or be there and refuse', async () => {
    const { address } = proxy;
    await proxy.down();
    expect(await connecting().ended).toBe('ECONNREFUSED');
    await proxy.up();
    expect(proxy.address).toBe(address);
    proxy.refuse();
    expect(await connecting().ended).toMatch(/ECONNRESET|end/);
    proxy.heal();
    const { socket, heard } = await client();
    socket.write('hi\r\n');
    expect(await heard(4)).toBe('<hi>');
  });
});

/** A client that may never be connected. */
function connecting(): { ended: Promise<string> } {
  const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
  socket.resume();
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    socket.once('end', () => resolve('end'));
  });
  return { ended };
}
