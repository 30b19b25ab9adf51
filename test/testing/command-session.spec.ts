import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CommandReader } from '../../lib/testing/command-reader.js';
import { CommandSession } from '../../lib/testing/command-session.js';
import { newServerState } from '../../lib/testing/server-state.js';
import { CREDENTIALS, readTranscripts, type Section, unescape } from './transcript.js';

/**
 * Whether a section must be answered alike however it is cut: not if it has a line that is refused while its end is
 * missing, and what is very long would take long.
 */
function isCuttable(requests: Buffer): boolean {
  return requests.length <= 20_000 && !/^(?!gets? )[^\n]{2048}/m.test(requests.toString('latin1'));
}

/** A session on a server of its own, whose clock stands still, so that equal requests get equal replies. */
function newSession({ auth, maxItemBytes }: Section): CommandSession {
  const settings = {
    version: '1.6.18',
    host: '127.0.0.1',
    maxItemBytes: maxItemBytes ?? 1024 * 1024,
    memoryLimitBytes: 64 * 1024 * 1024,
    maxConnections: 1024,
    auth: auth ? CREDENTIALS : undefined,
    tls: false,
    now: () => 1_800_000_000_000,
  };
  return new CommandSession(newServerState(settings, '127.0.0.1:11211', new Set()));
}

/** Everything a section sends; a fresh server counts cas numbers from 1, which is all that matters here. */
function requestsOf(section: Section): Buffer {
  const text = section.exchanges.map(({ request }) => unescape(request.replaceAll('#', ''))).join('');
  return Buffer.from(text, 'latin1');
}

function feed(session: CommandSession, chunks: readonly Buffer[]): string {
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) offset = session.read(chunk, offset);
  }
  return Buffer.concat(session.replies.take()).toString('latin1');
}

function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions, bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

const sections = [...readTranscripts()]
  .flatMap(([name, parts]) => parts.map((section) => [`${name}: ${section.title}`, section] as const))
  .filter(([, section]) => isCuttable(requestsOf(section)));

describe('the embedded server does not care how its input is cut', () => {
  it.each(sections)('%s', (_title, section) => {
    const bytes = requestsOf(section);
    const whole = feed(newSession(section), [bytes]);
    const oneByOne = cutAt(bytes, [...bytes.keys()]);
    expect(feed(newSession(section), oneByOne)).toBe(whole);

    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (positions) => {
        expect(feed(newSession(section), cutAt(bytes, positions))).toBe(whole);
      }),
      { numRuns: 20 },
    );
  });

  it('survives any bytes at all', () => {
    const [, section] = sections[0];
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (pieces) => {
        const session = newSession({ ...section, auth: false });
        const garbage = pieces.flatMap((piece) => [Buffer.from(piece), Buffer.from('\r\n')]);
        expect(() => feed(session, garbage)).not.toThrow();
      }),
    );
  });

  it('survives commands made of random words', () => {
    const [, section] = sections[0];
    const word = fc.oneof(
      fc.constantFrom(
        'get',
        'gets',
        'gat',
        'set',
        'add',
        'cas',
        'incr',
        'delete',
        'touch',
        'stats',
        'flush_all',
      ),
      fc.constantFrom(
        'mg',
        'ms',
        'md',
        'ma',
        'me',
        'mn',
        'noreply',
        'k',
        'v',
        'N5',
        'T5',
        'I',
        'C1',
        'b',
        'q',
        'MA',
      ),
      fc.constantFrom(
        '0',
        '1',
        '2',
        '-1',
        '',
        'lru_crawler',
        'metadump',
        'all',
        'YWJj',
        '18446744073709551616',
      ),
    );
    const line = fc.array(word, { maxLength: 8 }).map((words) => Buffer.from(`${words.join(' ')}\r\n`));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const session = newSession({ ...section, auth: false });
        expect(() => feed(session, lines)).not.toThrow();
      }),
    );
  });
});

describe('reading costs no more when the input comes in many pieces', () => {
  it('looks at a value of one megabyte once, however it is cut', () => {
    let received = 0;
    const reader = new CommandReader(() => ({
      bytes: 1024 * 1024,
      receive: (block) => (received = block.length),
    }));
    reader.read(Buffer.from('ms k 1048574\r\n'), 0);
    const piece = Buffer.alloc(64, 'y');
    let taken = 0;
    for (let sent = 0; sent < 1024 * 1024; sent += piece.length) taken += reader.read(piece, 0);
    expect(taken).toBe(1024 * 1024);
    expect(received).toBe(1024 * 1024);
  });

  it('joins the pieces of a long get once', () => {
    const lines: string[] = [];
    const reader = new CommandReader((line) => {
      lines.push(line);
      return undefined;
    });
    const keys = Array.from({ length: 20_000 }, (_, index) => `key${index}`).join(' ');
    for (const byte of Buffer.from(`get ${keys}\r\n`)) reader.read(Buffer.of(byte), 0);
    expect(lines).toEqual([`get ${keys}`]);
  });
});
