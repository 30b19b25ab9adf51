import { afterEach, describe, expect, it } from '@jest/globals';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as wait } from 'node:timers/promises';
import { CommandTimeoutError } from '../../lib/errors.js';
import { type Peer, ScriptedServer } from '../support/scripted-server.js';
import { asking, Opened, outcome } from './opened.js';

let server: ScriptedServer;
let opened: Opened;

async function serve(script: (peer: Peer) => unknown): Promise<void> {
  server = await ScriptedServer.start(script);
}

/** Connects to a server that negotiates and then follows the script. */
async function connect(
  script: (peer: Peer) => unknown,
  version?: string,
  commandTimeout = 5000,
): Promise<void> {
  await serve(async (peer) => {
    await peer.negotiate(version);
    await script(peer);
  });
  opened = new Opened(server.address, { commandTimeout });
  await opened.ready;
}

afterEach(async () => {
  opened.connection.close();
  await server.close();
});

function opaqueOf(line: string | undefined): string {
  return /O\S+$/.exec(line ?? '')![0];
}

/** Keeps this process from doing anything else. */
function standStill(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Takes 350 of every 500 ms from this process, until it is stopped. */
function starve(): { readonly times: number; stop(): void } {
  let times = 0;
  const timer = setInterval(() => {
    standStill(350);
    times += 1;
  }, 500);
  return {
    get times() {
      return times;
    },
    stop: () => clearInterval(timer),
  };
}

const STREAMED = 'x'.repeat(5000);

/** Answers one read every 24 ms, with 200 KB/s. */
async function stream(peer: Peer): Promise<void> {
  const began = performance.now();
  for (let count = 1; ; count += 1) {
    const line = await peer.line();
    if (line === undefined) return;
    await wait(Math.max(0, began + count * 24 - performance.now()));
    peer.send(`VA 5000 f0 ${opaqueOf(line)}\r\n${STREAMED}\r\n`);
  }
}

describe('deadlines', () => {
  it('end each request at its own, the shortest first', async () => {
    await connect(() => {});
    const ended: number[] = [];
    const asked = [150, 50, 100].map(async (timeoutMs) => {
      const started = performance.now();
      await expect(opened.ask('get', 'k', { timeoutMs })).rejects.toMatchObject({
        code: 'MEMCACHED_TIMEOUT',
        outcome: 'unknown',
        timeoutMs,
        server: server.address,
        message: `get "k" on ${server.address}: no reply within ${timeoutMs} ms`,
      });
      // A deadline counts from the beginning of its turn of the event loop, and is exact to about 25 ms.
      expect(performance.now() - started).toBeGreaterThanOrEqual(timeoutMs - 25);
      ended.push(timeoutMs);
    });
    await Promise.all(asked);
    expect(ended).toStrictEqual([50, 100, 150]);
  });

  it('leave a tombstone, so that a late reply never answers another request', async () => {
    await connect(async (peer) => {
      const late = opaqueOf(await peer.line());
      const next = opaqueOf(await peer.line());
      peer.send(`VA 3 f0 ${late}\r\nold\r\nVA 3 f0 ${next}\r\nnew\r\n`);
    });
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 30 }))).toBe('MEMCACHED_TIMEOUT');
    expect(await opened.ask('get', 'k')).toMatchObject([{ value: 'new' }]);
  });

  it('leave a tombstone in the classic dialect, too, until the last item of its list', async () => {
    await connect(async (peer) => {
      expect(await peer.line()).toBe('get k l');
      expect(await peer.line()).toBe('get k');
      for (const piece of [
        'VALUE k 0 3\r\nold\r\n',
        'VALUE l 0 3\r\nold\r\n',
        'END\r\n',
        'VALUE k 0 3\r\nnew\r\nEND\r\n',
      ]) {
        peer.send(piece);
        await new Promise(setImmediate);
      }
    }, '1.5.22');
    const many = opened.ask('get-many', '', { keys: ['k', 'l'], timeoutMs: 30 });
    expect(await outcome(many)).toBe('MEMCACHED_TIMEOUT');
    expect(await opened.ask('get', 'k')).toMatchObject([{ value: 'new' }, { status: 'end' }]);
  });

  it('do not let a tombstone swallow the reply to another request', async () => {
    await connect(async (peer) => {
      await peer.lines(2);
      peer.send('VALUE other 0 3\r\nnot\r\nEND\r\n');
    }, '1.5.22');
    expect(await outcome(opened.ask('get-many', '', { keys: ['k'], timeoutMs: 30 }))).toBe(
      'MEMCACHED_TIMEOUT',
    );
    expect(await outcome(opened.ask('get', 'other'))).toBe('MEMCACHED_PROTOCOL');
  });

  it('throw a late error line away', async () => {
    await connect(async (peer) => {
      await peer.line();
      const next = opaqueOf(await peer.line());
      peer.send(`SERVER_ERROR busy\r\nHD ${next}\r\n`);
    });
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 30 }))).toBe('MEMCACHED_TIMEOUT');
    expect(await opened.ask('delete', 'k')).toMatchObject([{ status: 'ok' }]);
  });

  it('do not count the time in which this process stands still', async () => {
    await connect((peer) => peer.answer((line) => `HD ${opaqueOf(line)}\r\n`));
    const early = opened.ask('delete', 'k', { timeoutMs: 250 });
    standStill(400);
    const late = opened.ask('delete', 'k', { timeoutMs: 250 });
    standStill(400);
    expect(await Promise.all([outcome(early), outcome(late)])).toMatchObject([
      [{ status: 'ok' }],
      [{ status: 'ok' }],
    ]);
  });

  it('do not count the time in which this process is at work, with 350 of every 500 ms taken from it', async () => {
    await connect(async (peer) => {
      for (let line = await peer.line(); line !== undefined; line = await peer.line()) {
        // Each standstill finds a request under way, and is over before its answer.
        for (let turn = 0; turn < 4; turn += 1) await wait(10);
        peer.send(`HD ${opaqueOf(line)}\r\n`);
      }
    });
    const starving = starve();
    const outcomes: unknown[] = [];
    while (starving.times < 4) outcomes.push(await outcome(opened.ask('delete', 'k', { timeoutMs: 300 })));
    starving.stop();
    expect(outcomes.filter((it) => it === 'MEMCACHED_TIMEOUT')).toStrictEqual([]);
  });

  it('count half of the time in which replies to earlier requests stream in', async () => {
    await connect((peer) => stream(peer));
    // They take 1.2 s, of which 0.6 count.
    const asked = Array.from({ length: 50 }, (_, index) =>
      opened.ask('get', `k${index}`, { timeoutMs: 1000 }),
    );
    const replies = await Promise.all(asked);
    expect(replies.every(([reply]) => reply.value === STREAMED)).toBe(true);
  });

  it('do not let a call wait for ever behind replies that stream in', async () => {
    await connect((peer) => stream(peer));
    // They would take seven seconds, of which half count.
    const asked = Array.from({ length: 300 }, (_, index) =>
      outcome(opened.ask('get', `k${index}`, { timeoutMs: 1000 })),
    );
    expect(await asked[0]).toMatchObject([{ value: STREAMED }]);
    expect(await asked.at(-1)).toBe('MEMCACHED_TIMEOUT');
  });

  it('count half of the time in which the server takes in what has piled up', async () => {
    await connect(async (peer) => {
      // 64 KB every 5 ms: two seconds for all. What a tick that comes late has missed it makes good.
      const began = performance.now();
      let chunks = 0;
      const pace = (): void => {
        if (chunks * 5 < performance.now() - began) peer.socket.resume();
        else peer.socket.pause();
      };
      peer.socket.on('data', () => {
        chunks += 1;
        pace();
      });
      const reading = setInterval(pace, 5);
      await peer.answer((line) => (line.startsWith('ms') ? `HD ${opaqueOf(line)}\r\n` : ''));
      clearInterval(reading);
    });
    const data = Buffer.alloc(60_000, 'x');
    const asked = Array.from({ length: 400 }, (_, index) =>
      outcome(opened.ask('set', `k${index}`, { data, timeoutMs: 1600 })),
    );
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter((it) => it === 'MEMCACHED_TIMEOUT')).toStrictEqual([]);
  });

  it('do count the time in which a server drips', async () => {
    await connect(async (peer) => {
      const opaque = opaqueOf(await peer.line());
      for (const byte of `VA 500 f0 ${opaque}\r\n${'x'.repeat(500)}\r\n`) {
        if (peer.socket.destroyed) return;
        peer.send(byte);
        await wait(5);
      }
    });
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 100 }))).toBe('MEMCACHED_TIMEOUT');
  });

  it('do count a stream that never comes to the end of a reply', async () => {
    await connect(async (peer) => {
      await peer.line();
      peer.send('VA 1000000000 f0 O0\r\n');
      const bytes = 'x'.repeat(10_000);
      while (!peer.socket.destroyed) {
        peer.send(bytes);
        await wait(10);
      }
    });
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 100 }))).toBe('MEMCACHED_TIMEOUT');
  });

  it('run while the connection opens, and say that nothing was sent', async () => {
    await serve(() => {});
    opened = new Opened(server.address, { connectTimeout: 150 });
    await expect(opened.ask('incr', 'k', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'MEMCACHED_TIMEOUT',
      outcome: 'not-sent',
      message: expect.stringContaining('not connected within 50 ms'),
    });
    const { error } = await opened.ended;
    expect(error).toBeInstanceOf(CommandTimeoutError);
    expect(error).toMatchObject({ outcome: 'not-sent', timeoutMs: 150 });
  });

  it('let a slow start of this process not fail a connection that was accepted long ago', async () => {
    await serve((peer) => peer.negotiate());
    opened = new Opened(server.address, { connectTimeout: 250 });
    standStill(500);
    await opened.ready;
    expect(opened.events).toStrictEqual(['ready']);
  });

  it('go on where they were when a request moves to another connection', async () => {
    await serve(() => {});
    opened = new Opened(server.address);
    const asked = asking('get', 'k', { timeoutMs: 150 });
    const started = performance.now();
    const failed = new Promise<unknown>((_resolve, reject) => (asked.reject = reject));
    opened.connection.push(asked);
    await wait(100);
    opened.onClosed = (_connection, _error, _lost, unsent) => {
      opened = new Opened(server.address);
      for (const request of unsent) opened.connection.push(request);
    };
    opened.connection.close();
    await expect(failed).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(149);
    expect(opened.events).toStrictEqual([]);
  });
});

describe('a server that owes replies', () => {
  it('is overdue when it has owed one for as long as the client waits for any', async () => {
    await connect(() => {}, undefined, 100);
    void outcome(opened.ask('get', 'k', { timeoutMs: 100 }));
    await opened.overdue;
    expect(opened.events).toStrictEqual(['ready', 'overdue']);
  });

  it('is not overdue because somebody was in a hurry', async () => {
    await connect(
      async (peer) => {
        const hurried = opaqueOf(await peer.line());
        const next = opaqueOf(await peer.line());
        peer.send(`EN ${hurried}\r\nEN ${next}\r\n`);
      },
      undefined,
      5000,
    );
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 20 }))).toBe('MEMCACHED_TIMEOUT');
    await opened.ask('get', 'k');
    expect(opened.events).toStrictEqual(['ready']);
  });

  it('is overdue even if all that it owes was asked in a hurry', async () => {
    await connect(() => {}, undefined, 100);
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 20 }))).toBe('MEMCACHED_TIMEOUT');
    await opened.overdue;
  });

  it('is not overdue while a request has time left', async () => {
    await connect(
      async (peer) => {
        const patient = opaqueOf(await peer.line());
        await wait(200);
        peer.send(`EN ${patient}\r\n`);
      },
      undefined,
      50,
    );
    await opened.ask('get', 'k', { timeoutMs: 5000 });
    expect(opened.events).toStrictEqual(['ready']);
  });

  it('is overdue when it cannot be reached for so long', async () => {
    await serve(() => {});
    opened = new Opened(server.address, { commandTimeout: 60 });
    expect(await outcome(opened.ask('get', 'k', { timeoutMs: 60 }))).toBe('MEMCACHED_TIMEOUT');
    await opened.overdue;
  });
});

describe('round trips', () => {
  it('are measured from the call to the whole reply, once for each read of the socket', async () => {
    await connect(async (peer) => {
      const [first, second] = (await peer.lines(2)).map(opaqueOf);
      await wait(50);
      peer.send(`VA 10 f0 ${first}\r\nhalf `);
      await wait(50);
      peer.send(`value\r\nEN ${second}\r\n`);
    });
    const started = performance.now();
    await Promise.all([opened.ask('get', 'k'), opened.ask('get', 'l')]);
    const elapsed = performance.now() - started;
    expect(opened.roundTrips).toHaveLength(1);
    expect(opened.roundTrips[0]).toBeGreaterThan(95);
    expect(opened.roundTrips[0]).toBeLessThanOrEqual(elapsed);
  });

  it('are those of commands, not of the negotiation or of replies that end the connection', async () => {
    await connect(async (peer) => {
      await peer.line();
      peer.send('END\r\n');
    });
    opened.ask('get', 'k').catch(() => undefined);
    await opened.ended;
    expect(opened.roundTrips).toStrictEqual([]);
  });
});
