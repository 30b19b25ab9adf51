import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConnectionSettings } from '../../lib/connection/connection-settings.js';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { Opened, outcome } from './opened.js';

let server: ScriptedServer;
let opened: Opened;

async function connect(
  script: (peer: Peer) => unknown,
  settings: Partial<ConnectionSettings> = {},
  version?: string,
  told?: string,
): Promise<void> {
  server = await ScriptedServer.start(async (peer) => {
    await peer.negotiate(version, told);
    await script(peer);
  });
  opened = new Opened(server.address, settings);
  await opened.ready;
}

afterEach(async () => {
  opened.connection.close();
  await server.close();
});

/** What a server tells of itself. */
const limitOf = (itemSizeMax: number | string): string => `STAT item_size_max ${itemSizeMax}\r\nEND\r\n`;

/** Stores everything, and says so when it has it: what has been answered is in the log. */
const storing =
  (log: string[] = []) =>
  (peer: Peer): Promise<void> => {
    let stored: string | undefined;
    return peer.answer((line) => {
      if (stored !== undefined) {
        log.push(`${line.length} bytes`);
        const reply = stored;
        stored = undefined;
        return reply;
      }
      log.push(line);
      const reply = line.startsWith('set') ? 'STORED\r\n' : `HD ${/O\S+$/.exec(line)![0]}\r\n`;
      if (!/^(ms|set)/.test(line)) return reply;
      stored = reply;
      return '';
    });
  };

const bytes = (length: number): { data: Buffer } => ({ data: Buffer.alloc(length, 'x') });

describe('limits on requests', () => {
  it('refuse one request too many, and take more once there is room', async () => {
    await connect(
      async (peer) => {
        const lines = await peer.lines(3);
        for (const line of lines) peer.send(`HD ${/O\S+$/.exec(line!)![0]}\r\n`);
        await peer.answer((line) => `HD ${/O\S+$/.exec(line)![0]}\r\n`);
      },
      { maxInFlight: 3 },
    );
    const asked = ['a', 'b', 'c', 'd'].map((key) => opened.ask('delete', key));
    await expect(asked[3]).rejects.toMatchObject({
      code: 'MEMCACHED_OVERLOAD',
      outcome: 'not-sent',
      message: expect.stringMatching(/3 requests in flight.*maxInFlight/),
    });
    await Promise.all(asked.slice(0, 3));
    expect(await opened.ask('delete', 'd')).toMatchObject([{ status: 'ok' }]);
  });

  it('tell all that are refused together by one error, and the next ones by another', async () => {
    await connect((peer) => peer.answer((line) => `HD ${/O\S+$/.exec(line)![0]}\r\n`), { maxInFlight: 1 });
    const refused = async (): Promise<unknown[]> => {
      const [asked, ...others] = ['a', 'b', 'c'].map((key) => opened.ask('delete', key));
      const errors = await Promise.all(others.map((other) => other.catch((error: unknown) => error)));
      await asked;
      return errors;
    };
    const [first, second] = [await refused(), await refused()];
    expect(first[0]).toMatchObject({ code: 'MEMCACHED_OVERLOAD' });
    expect(new Set(first).size).toBe(1);
    expect(new Set([...first, ...second]).size).toBe(2);
  });

  it('count requests that wait for the connection', async () => {
    server = await ScriptedServer.start((peer) => peer.negotiate());
    opened = new Opened(server.address, { maxInFlight: 1 });
    void outcome(opened.ask('get', 'a'));
    expect(await outcome(opened.ask('get', 'b'))).toBe('MEMCACHED_OVERLOAD');
  });

  it('refuse values that would queue up beyond the bytes allowed', async () => {
    server = await ScriptedServer.start(async (peer) => {
      await peer.negotiate();
      await storing()(peer);
    });
    opened = new Opened(server.address, { maxQueuedBytes: 10_000 });
    const asked = Array.from({ length: 3 }, (_, index) =>
      outcome(opened.ask('set', `k${index}`, bytes(4000))),
    );
    await expect(opened.ask('set', 'k', bytes(4000))).rejects.toMatchObject({
      code: 'MEMCACHED_OVERLOAD',
      message: expect.stringContaining('maxQueuedBytes'),
    });
    expect(await outcome(opened.ask('get', 'small'))).toMatchObject([{ status: 'ok' }]);
    expect(await Promise.all(asked)).toMatchObject([
      [{ status: 'ok' }],
      [{ status: 'ok' }],
      'MEMCACHED_OVERLOAD',
    ]);
    await opened.ready;
    expect(await opened.ask('set', 'k', bytes(4000))).toMatchObject([{ status: 'ok' }]);
  });
});

describe('a server that does not read', () => {
  it('is not flooded: what the kernel does not take waits, and may still be given up', async () => {
    await connect((peer) => peer.socket.pause());
    const asked = Array.from({ length: 400 }, (_, index) =>
      opened.ask('set', `k${index}`, { ...bytes(60_000), timeoutMs: 200 }).catch((error: unknown) => error),
    );
    const errors = await Promise.all(asked);
    const outcomes = errors.map((error) => (error as { outcome: string }).outcome);
    const codes = new Set(errors.map((error) => (error as { code: string }).code));
    expect(codes).toStrictEqual(new Set(['MEMCACHED_TIMEOUT']));
    expect(outcomes[0]).toBe('unknown');
    expect(outcomes.at(-1)).toBe('not-sent');
    // Once not sent, nothing behind it was sent.
    expect(outcomes.lastIndexOf('unknown')).toBeLessThan(outcomes.indexOf('not-sent'));
  });

  it('gets the rest, in order, once it reads', async () => {
    const log: string[] = [];
    await connect(async (peer) => {
      peer.socket.pause();
      setImmediate(() => peer.socket.resume());
      await storing(log)(peer);
    });
    const asked = Array.from({ length: 300 }, (_, index) => opened.ask('set', `k${index}`, bytes(60_000)));
    await Promise.all(asked);
    const keys = log.filter((line) => line.startsWith('ms')).map((line) => line.split(' ')[1]);
    expect(keys).toStrictEqual(asked.map((_, index) => `k${index}`));
  });
});

describe('the item limit', () => {
  it.each([
    ['the default', 1024 * 1024],
    ['a larger one', 2 * 1024 * 1024],
    ['a smaller one', 512 * 1024],
  ])('is %s, as the server says: one byte more is refused and never sent', async (_name, itemSizeMax) => {
    const log: string[] = [];
    await connect(storing(log), {}, undefined, limitOf(itemSizeMax));
    const fits = itemSizeMax - 59 - 'k'.length;
    expect(await opened.ask('set', 'k', bytes(fits))).toMatchObject([{ status: 'ok' }]);
    await expect(opened.ask('set', 'k', bytes(fits + 1))).rejects.toMatchObject({
      code: 'MEMCACHED_VALUE_TOO_LARGE',
      sizeBytes: fits + 1,
      limitBytes: itemSizeMax,
      message: `set "k": ${fits + 1} bytes do not fit into ${itemSizeMax}, the item limit of ${server.address} (memcached's -I), key and header included; nothing was stored`,
    });
    expect(await opened.ask('set', 'k', bytes(1))).toMatchObject([{ status: 'ok' }]);
    expect(log.filter((line) => line.startsWith('ms'))).toHaveLength(2);
  });

  it('may be lowered by the option, which needs no asking', async () => {
    const log: string[] = [];
    await connect(storing(log), { maxValueBytes: 1000 });
    await expect(opened.ask('set', 'k', bytes(100_000))).rejects.toMatchObject({
      code: 'MEMCACHED_VALUE_TOO_LARGE',
      limitBytes: 1000,
      message: expect.stringContaining('option maxValueBytes'),
    });
    expect(await opened.ask('set', 'k', bytes(1000))).toMatchObject([{ status: 'ok' }]);
    expect(log).toStrictEqual([expect.stringMatching(/^ms k 1000 O/), '1000 bytes']);
  });

  it('is 1 MiB in the classic dialect, where a proxy would hang up on the question', async () => {
    const log: string[] = [];
    await connect(storing(log), {}, '1.4.39');
    expect(await opened.ask('set', 'k', bytes(1024 * 1024 - 60))).toMatchObject([{ status: 'ok' }]);
    expect(await outcome(opened.ask('set', 'k', bytes(1024 * 1024 - 59)))).toBe('MEMCACHED_VALUE_TOO_LARGE');
    expect(log).toStrictEqual(['set k 0 0 1048516', '1048516 bytes']);
  });

  it('is what the option says in the classic dialect', async () => {
    await connect(storing(), { maxValueBytes: 3_000_000 }, '1.4.39');
    expect(await opened.ask('set', 'k', bytes(3_000_000))).toMatchObject([{ status: 'ok' }]);
    expect(await outcome(opened.ask('set', 'k', bytes(3_000_001)))).toBe('MEMCACHED_VALUE_TOO_LARGE');
  });

  it.each(['END\r\n', 'ERROR\r\n', limitOf('x')])(
    'is 1 MiB for a server that answers the question with %j',
    async (answer) => {
      await connect(storing(), {}, undefined, answer);
      expect(await outcome(opened.ask('set', 'k', bytes(1024 * 1024)))).toBe('MEMCACHED_VALUE_TOO_LARGE');
      expect(await opened.ask('set', 'k', bytes(1000))).toMatchObject([{ status: 'ok' }]);
    },
  );

  it.each([
    ['meta', '1.6.18', ' bytes are above '],
    ['classic', '1.4.39', ' bytes are above '],
  ])('is learned from a refusal, after which the %s connection goes on', async (_dialect, version, told) => {
    await connect(
      async (peer) => {
        await peer.lines(2);
        peer.send('SERVER_ERROR object too large for cache\r\n');
        await storing()(peer);
      },
      {},
      version,
    );
    await expect(opened.ask('set', 'k', bytes(4000))).rejects.toMatchObject({
      code: 'MEMCACHED_VALUE_TOO_LARGE',
      sizeBytes: 4000,
      message: expect.stringContaining(`4000${told}`),
    });
    expect(await opened.ask('set', 'k', bytes(1000))).toMatchObject([{ status: 'ok' }]);
  });
});
