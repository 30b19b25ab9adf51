import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describeReal, startMemcached, type RealMemcached } from './real-memcached.js';
import { SharedProxy, type ProxyWords } from './shared-proxy.js';

let servers: RealMemcached[];
let proxy: SharedProxy;
let socket: Socket;

beforeEach(async () => {
  servers = await Promise.all([startMemcached(), startMemcached()]);
});
afterEach(async () => {
  socket.destroy();
  await proxy.down();
  await Promise.all(servers.map((server) => server.stop()));
});

async function start(words: ProxyWords): Promise<void> {
  proxy = await SharedProxy.start(words, servers);
  socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {});
}

/** Sends text and resolves with the next so many bytes. */
async function ask(text: string, bytes: number): Promise<string> {
  let heard = '';
  socket.write(text);
  while (heard.length < bytes) heard += String((await once(socket, 'data'))[0]);
  return heard;
}

/** A key of each backend. */
function keys(): [string, string] {
  const all = Array.from({ length: 20 }, (_, index) => `key${index}`);
  return [0, 1].map((backend) => all.find((key) => proxy.backendOf(key) === backend)) as [string, string];
}

describeReal('the shared proxy', () => {
  it('answers in the order of the requests, from whichever backend, and puts the answers to many keys together', async () => {
    await start('twemproxy');
    const [a, b] = keys();
    const stores = `set ${a} 0 0 1\r\nA\r\nset ${b} 0 0 1\r\nB\r\n`;
    expect(await ask(stores, 16)).toBe('STORED\r\nSTORED\r\n');
    const [ofA, ofB] = [`VALUE ${a} 0 1\r\nA\r\n`, `VALUE ${b} 0 1\r\nB\r\n`];
    const rest = `END\r\n${ofB}END\r\nVERSION 0.5.0\r\n`;
    const heard = await ask(`get ${b} ${a}\r\nget ${b}\r\nversion\r\n`, `${ofB}${ofA}${rest}`.length);
    expect(heard).toBe(`${ofB}${ofA}${rest}`);
  });

  it.each([
    ['twemproxy', 'SERVER_ERROR Connection refused\r\n', 'delete'],
    ['memcached', 'SERVER_ERROR backend failure\r\n', 'md'],
  ] as const)(
    'tells, in the words of %s, that a backend is lost, and keeps what it stores',
    async (words, said, remove) => {
      await start(words);
      const [a, b] = keys();
      await ask(`set ${a} 0 0 1\r\nA\r\nset ${b} 0 0 1\r\nB\r\n`, 16);
      proxy.lose(0);
      expect(await ask(`${remove} ${a}\r\n`, said.length)).toBe(said);
      expect(await ask(`get ${b}\r\n`, 10)).toContain('B');
      expect(await ask(`get ${a} ${b}\r\n`, said.length)).toBe(said);
      proxy.regain(0);
      expect(await ask(`get ${a}\r\n`, 10)).toContain('A');
    },
  );

  it.each([
    ['twemproxy', 'mn'],
    ['twemproxy', 'mg k v'],
    ['twemproxy', 'flush_all'],
    ['twemproxy', 'stats'],
    ['memcached', 'flush_all'],
  ] as const)('hangs up, as %s does, on %s', async (words, line) => {
    await start(words);
    socket.write(`${line}\r\n`);
    await once(socket, 'close');
    expect(proxy.hungUp).toBe(1);
  });

  it('speaks meta as memcached does', async () => {
    await start('memcached');
    const [a, b] = keys();
    expect(await ask(`mn\r\nms ${a} 1\r\nA\r\nmg ${a} v\r\nmg ${b} v\r\n`, 21)).toBe(
      'MN\r\nHD\r\nVA 1\r\nA\r\nEN\r\n',
    );
  });

  it('is refused while it is down, and is in the same place afterwards', async () => {
    await start('memcached');
    await once(socket, 'connect');
    const { address } = proxy;
    await proxy.down();
    await once(socket, 'close');
    socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await proxy.up();
    expect(proxy.address).toBe(address);
    socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    expect(await ask('mn\r\n', 4)).toBe('MN\r\n');
    expect(proxy.accepted).toBe(2);
  });
});
