import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MemcachedClient } from '../../lib/client/client.js';
import { describePython } from '../interop/python-client.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { compileProgram, type Program, rowsOf, type Running } from './support/program.js';

// Each call is a process of its own.
jest.setTimeout(60_000);

let program: Program;
beforeAll(() => {
  program = compileProgram();
});
afterAll(() => program.remove());

const TERMINAL = fileURLToPath(new URL('support/terminal.py', import.meta.url));

/** Reads lines until one is as it should be; the program has to be told to end if none comes. */
async function untilLine(lines: AsyncIterator<string>, isIt: (row: any) => boolean): Promise<any> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error('the program has ended');
    const row = JSON.parse(value);
    if (isIt(row)) return row;
  }
}

async function stopped({ process, ended }: Running): Promise<number | null> {
  process.kill('SIGINT');
  return ended;
}

describeReal('top', () => {
  let server: RealMemcached;
  beforeAll(async () => {
    server = await startMemcached();
  });
  afterAll(() => server.stop());

  it('tells the rates between two looks', async () => {
    const running = program.start(['top', '--json', '--interval', '100ms', '-s', server.address]);
    const lines = running.lines[Symbol.asyncIterator]();
    await using client = new MemcachedClient({ servers: server.address });
    await untilLine(lines, () => true);
    await client.set('key', 'value');
    const written = await untilLine(lines, ({ setsPerSecond }) => setsPerSecond > 0);
    expect(written).toMatchObject({ server: server.address, evictionsPerSecond: 0, items: 1, weight: 1 });
    await client.get('key');
    await client.get('nothing');
    expect(await untilLine(lines, ({ getsPerSecond }) => getsPerSecond > 0)).toMatchObject({
      hitRatio: expect.any(Number),
      time: expect.stringMatching(/Z$/),
    });
    expect(await stopped(running)).toBe(0);
  });

  it('ends after so many looks, each a table in a pipe', async () => {
    const { code, out } = await program.run(['top', '-n', '2', '-i', '50ms', '-s', server.address]);
    expect(code).toBe(0);
    expect(out.match(/^SERVER +GET\/S +HITS/gm)).toHaveLength(2);
    expect(out).not.toContain('\u001b');
  });
});

it('ends at Ctrl-C before it has an answer, with the exit code of that', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const running = program.start(['ping', '-s', `127.0.0.1:${port}`, '-t', '60s', '--connect-timeout', '60s']);
  const [socket] = (await once(silent, 'connection')) as [Socket];
  expect(await stopped(running)).toBe(130);
  socket.destroy();
  silent.close();
});

describePython('top in a terminal', () => {
  const inTerminal = async (
    columns: number,
    waitFor: string,
    type: string,
    words: readonly string[],
  ): Promise<{ code: number; drawn: string }> => {
    const args = [TERMINAL, String(columns), '12', waitFor, type, process.execPath, program.path, ...words];
    const child = spawn('/usr/bin/python3', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let drawn = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (drawn += text));
    const [code] = (await once(child, 'close')) as [number];
    return { code, drawn };
  };

  it.each([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
  ])('draws over what it has drawn until %s, and gives the terminal back', async (_name, typed) => {
    await using server = await startMemcached();
    // The second picture, which has rates, begins at the upper left corner as the first.
    const { code, drawn } = await inTerminal(120, '\u001b[J\u001b[H', typed, [
      'top',
      '-i',
      '100ms',
      '-s',
      server.address,
    ]);
    expect(code).toBe(0);
    expect(drawn).toMatch(/^\u001b\[\?25l\u001b\[2J\u001b\[H/);
    expect(drawn.endsWith('\u001b[?25h')).toBe(true);
    expect(drawn).toContain('q quits');
    expect(drawn).toMatch(/OUT\/S/);
    expect(drawn).toMatch(/\u001b\[1mSERVER/);
  });

  it('leaves out the columns that find no room, and no line is longer than the terminal', async () => {
    await using server = await startMemcached();
    const { drawn } = await inTerminal(60, 'SERVER', 'q', ['top', '-i', '100ms', '-s', server.address]);
    expect(drawn).toContain('GET/S');
    expect(drawn).not.toContain('OUT/S');
    const lines = drawn.replaceAll(/\u001b\[[?\d;]*[A-Za-z]/g, '').split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});

describeReal('watch', () => {
  it('tells of a server that dies, comes back and has forgotten everything', async () => {
    const server = await startMemcached();
    await using other = await startMemcached();
    const servers = `${server.address},${other.address}`;
    const running = program.start(['watch', '--json', '--interval', '100ms', '-s', servers]);
    const lines = running.lines[Symbol.asyncIterator]();
    const events = (event: string): Promise<any> =>
      untilLine(lines, (row) => row.event === event && row.server === server.address);
    expect(await events('up')).toMatchObject({ detail: expect.stringContaining('0 items') });
    await server.stop();
    expect(await events('down')).toMatchObject({ detail: expect.stringMatching(/ECONNREFUSED|connection/) });
    await using again = await startMemcached({ port: server.port });
    expect(again.address).toBe(server.address);
    await events('up');
    expect(await events('restarted')).toMatchObject({ detail: expect.stringMatching(/ ago, with 0 items$/) });
    expect(await stopped(running)).toBe(0);
  });

  it('tells of evictions when they begin and when they are over', async () => {
    await using server = await startMemcached({ args: ['-m', '1', '-I', '512k'] });
    await using client = new MemcachedClient({ servers: server.address });
    const running = program.start(['watch', '--json', '--interval', '100ms', '-s', server.address]);
    const lines = running.lines[Symbol.asyncIterator]();
    await untilLine(lines, ({ event }) => event === 'up');
    let isOver = false;
    const filling = (async () => {
      for (let index = 0; !isOver; index += 1) await client.set(`key:${index}`, 'x'.repeat(100_000));
    })();
    expect(await untilLine(lines, ({ event }) => event === 'evicting')).toMatchObject({
      detail: expect.stringMatching(/^\d+ items a second$/),
    });
    isOver = true;
    await filling;
    await untilLine(lines, ({ event }) => event === 'done-evicting');
    expect(await stopped(running)).toBe(0);
  });

  it('says in words what it says to programs', async () => {
    await using server = await startMemcached();
    const { code, out } = await program.run(['watch', '-n', '1', '-s', server.address]);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ${server.address}  up +1\\.\\S+, running for \\d+s, 0 items, `),
    );
    const json = rowsOf(await program.run(['watch', '-n', '1', '-s', server.address, '--json']));
    expect(json).toEqual([
      { time: expect.any(String), server: server.address, event: 'up', detail: expect.any(String) },
    ]);
  });
});
