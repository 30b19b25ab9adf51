import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { ChaosProxy, type ChaosFault, HONEST_FAULTS, LYING_FAULTS } from './chaos-proxy.js';
import { ReplyFrames } from './reply-frames.js';
import { describeReal, startMemcached, type RealMemcached } from './real-memcached.js';

let server: RealMemcached;
let proxy: ChaosProxy;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = await startMemcached();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  await server.stop();
});

async function start(fault: ChaosFault, oneIn = 1): Promise<void> {
  proxy = await ChaosProxy.start(server, { seed: 1, oneIn, faults: [fault], delayMs: 5 });
}

/** Asks on a new connection; resolves with all that was heard by the time the last of so many bytes came, or the end. */
async function ask(text: string, bytes: number): Promise<string> {
  const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(text);
  let heard = '';
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const enough = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (heard.length >= bytes) resolve();
    });
  });
  await Promise.race([closed, enough]);
  return heard;
}

describeReal('the chaos proxy', () => {
  it('rests until it is told to begin, and again when it is told to rest', async () => {
    await start('cut');
    expect(await ask('mn\r\n', 4)).toBe('MN\r\n');
    proxy.begin();
    expect((await ask('mn\r\n', 4)).length).toBeLessThan(4);
    proxy.rest();
    expect(await ask('mn\r\n', 4)).toBe('MN\r\n');
    expect(proxy.done).toEqual(new Map([['cut', 1]]));
  });

  it.each<[ChaosFault, string, string]>([
    ['duplicate', 'mg a O1\r\n', 'EN O1\r\nEN O1\r\n'],
    ['swap two', 'mg a k O1\r\nmn\r\n', 'MN\r\nEN ka O1\r\n'],
    ['delay', 'mn\r\n', 'MN\r\n'],
    ['drip', 'mg a O1\r\n', 'EN O1\r\n'],
  ])('can %s', async (fault, request, expected) => {
    await start(fault);
    proxy.begin();
    expect(await ask(request, expected.length)).toBe(expected);
  });

  it.each(['drop one', 'black hole', 'half-open'] as const)(
    'can let a client wait for ever: %s',
    async (fault) => {
      await start(fault, 1);
      proxy.begin();
      const silent = ask('mn\r\n', 1);
      while (proxy.count === 0) await immediate();
      proxy.rest();
      for (const socket of sockets) socket.destroy();
      expect(await silent).toBe('');
    },
  );

  it('hands a reply of one connection to another', async () => {
    await start('foreign reply');
    await ask('mg first O7\r\n', 7);
    proxy.begin();
    expect(await ask('mg second O8\r\n', 7)).toBe('EN O7\r\n');
  });

  it('changes only what a reply is told by, never what it delivers', async () => {
    await start('corrupt header');
    await ask('set key 5 0 5\r\nvalue\r\n', 8);
    proxy.begin();
    for (let count = 0; count < 50; count += 1) {
      const heard = await ask('get key\r\n', 27);
      expect(heard).not.toBe('VALUE key 5 5\r\nvalue\r\nEND\r\n');
      expect(heard.split(' ')[2]).toBe('5');
      expect(heard).toContain('\r\nvalue\r\nEND\r\n');
    }
  });

  it.each([...HONEST_FAULTS, ...LYING_FAULTS])(
    'survives the end of everything while it does this: %s',
    async (fault) => {
      await start(fault, 2);
      proxy.begin();
      const asked = Array.from({ length: 20 }, () => ask('mg a O1\r\nmg b O2\r\nmn\r\n', 100));
      await server.stop();
      proxy.rest();
      await proxy.close();
      for (const heard of await Promise.all(asked)) expect(typeof heard).toBe('string');
    },
  );
});

it('cuts replies out of bytes, wherever these are cut', async () => {
  proxy = await ChaosProxy.start(
    { host: '127.0.0.1', port: 1 },
    { seed: 1, oneIn: 1, faults: ['cut'], delayMs: 1 },
  );
  const replies = [
    'HD O1\r\n',
    'VA 5 f1 O2\r\na\r\nbc\r\n',
    'VALUE k 1 3 77\r\nEND\r\nVALUE l 0 0\r\n\r\nEND\r\n',
    'STAT pid 1\r\nSTAT uptime 2\r\nEND\r\n',
    'STORED\r\n',
    '12\r\n',
    'END\r\n',
  ];
  const whole = Buffer.from(replies.join(''));
  for (let size = 1; size <= whole.length; size += 1) {
    const frames = new ReplyFrames();
    const found: string[] = [];
    for (let at = 0; at < whole.length; at += size) {
      found.push(...frames.push(whole.subarray(at, at + size)).map(String));
    }
    expect(found).toEqual(replies);
  }
});
