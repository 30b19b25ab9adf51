import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { COMMANDS, runCommandLine } from '../../lib/cli/command-line.js';
import { type Streams, Terminal } from '../../lib/cli/terminal.js';
import { compileProgram, type Ended, type Program } from './support/program.js';

// Each call is a process of its own.
jest.setTimeout(60_000);

/** Runs it in this process, which is faster. */
async function runHere(words: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = { stdin: process.stdin, stdout, stderr } as unknown as Streams;
  const code = await runCommandLine(words, {}, new Terminal(streams, {}), new AbortController().signal);
  const text = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
  return { code, out: text(stdout), err: text(stderr) };
}

let program: Program;
beforeAll(() => {
  program = compileProgram();
});
afterAll(() => program.remove());

describe('the help', () => {
  it('lists every command, and is asked for by name, flag and word', async () => {
    const asked = await Promise.all([program.run(['--help']), program.run(['-h']), program.run(['help'])]);
    for (const { code, out, err } of asked) {
      expect([code, err]).toEqual([0, '']);
      for (const { name, summary } of COMMANDS) {
        expect(out).toContain(`  ${name}`);
        expect(out.replaceAll(/\s+/g, ' ')).toContain(summary);
      }
    }
  });

  it.each(COMMANDS)('of $name has its examples and all of its flags', async ({ name, examples, flags }) => {
    const [byFlag, byWord] = await Promise.all([program.run([name, '--help']), program.run(['help', name])]);
    expect(byFlag).toEqual(byWord);
    expect([byFlag.code, byFlag.err]).toEqual([0, '']);
    for (const [line] of examples) expect(byFlag.out).toContain(`nestjs-memcached ${line}`);
    for (const flag of Object.keys(flags)) expect(byFlag.out).toContain(`--${flag}`);
    expect(byFlag.out).toContain('--servers LIST');
    expect(Math.max(...byFlag.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('stands in for a command that is missing, as an error', async () => {
    const { code, out, err } = await program.run([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: nestjs-memcached COMMAND');
  });

  it('has the version of the package beside it', async () => {
    expect(await program.run(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });
});

describe('a wrong command line', () => {
  it.each([
    [['statz'], "'statz' is no command; did you mean 'stats'?"],
    [['flush'], "'flush' is no command; there are stats, top, which, ring, keys, ping, watch"],
    [['stats', '--servrs', 'x'], "stats: there is no flag '--servrs'; did you mean '--servers'?"],
    [['stats', '-x'], "stats: there is no flag '-x'; 'stats --help' lists them"],
    [['stats', '--servers'], "stats: Option '-s, --servers <value>' argument missing"],
    [['stats', 'slab'], "stats: there is no group 'slab'; there are general, settings, items"],
    [['ping', 'a'], 'ping: expected nothing after it, got 1 words'],
    [['which'], 'which: expected KEY…, got 0 words'],
    [
      ['which', 'a', '--down', '127.0.0.1'],
      "--down: '127.0.0.1' is none of 127.0.0.1:11211; write it with its port",
    ],
    [['keys', '--server', 'b'], "--server: 'b' is none of 127.0.0.1:11211; write it with its port"],
    [['keys', '--limit', '-1'], 'keys: Option'],
    [['keys', '--limit=many'], "--limit: expected a whole number from 0, got 'many'"],
    [['top', '--interval', '1'], '--interval: expected a number of milliseconds or a text like'],
    [['top', '--interval', '1ms'], '--interval: expected at least 50ms'],
    [['top', '--interval', '30d'], '--interval: expected at most 24d'],
    [['watch', '--interval', '25d'], '--interval: expected at most 24d'],
    [['ping', '--timeout', '30d'], 'commandTimeout: expected at most 24d'],
    [['ping', '--connect-timeout', '30d'], 'connectTimeout: expected at most 24d'],
    [['ring', '-s', ''], '--servers: expected at least one server'],
    [['ring', '-s', 'a=1.5'], '--servers[0]: expected a whole number from 0 as the weight'],
    [['ring', '-d', 'nope'], "--distribution: expected one of 'ketama', "],
    [['ring', '-d', '{'], '--distribution: '],
    [
      ['ring', '-d', '{"type":"ketama","hashh":1}'],
      "--distribution.hashh: unknown option; did you mean 'hash'?",
    ],
    [['ring', '--protocol', 'binary'], "protocol: expected one of 'auto', 'meta', 'classic'"],
    [['ring', '--discovery', 'zookeeper:a'], '--discovery: expected elasticache:HOST:PORT, dns:NAME'],
    [['ring', '--discovery', 'dns:a', '-s', 'b'], '--servers and --discovery exclude each other'],
    [['ring', '--discovery', 'dns:a', '--tls'], '--discovery dns: finds addresses alone'],
    [
      ['ring', '--username', 'me'],
      '--username: its password is missing; put it into the variable MEMCACHED_PASSWORD',
    ],
    [['ring', '--tls-ca', '/no/such'], '--tls-ca: ENOENT'],
    [['ring', '--tls-cert', '/dev/null'], '--tls-cert and --tls-key belong together'],
  ])('%j is refused with a hint, and nobody is asked', async (words, message) => {
    const { code, out, err } = await runHere(words);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`error: ${message}`);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('names the variable that the servers came from, and no password of them', async () => {
    const { code, err } = await program.run(['stats'], {
      MEMCACHED_SERVERS: 'memcached://me:secret@host/path',
    });
    expect([code, err]).toEqual([
      2,
      "error: MEMCACHED_SERVERS[0]: 'memcached://***@host/path' has a path, which memcached does not know\n",
    ]);
  });
});
