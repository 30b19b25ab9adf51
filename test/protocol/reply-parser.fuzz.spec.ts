import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ProtocolError } from '../../lib/errors.js';
import { FOREIGN_OPAQUE } from '../../lib/protocol/reply.js';
import { ReplyParser } from '../../lib/protocol/reply-parser.js';
import { parse, said, type Said } from './replies.js';

/** What the opaques of a connection begin with. */
const PREFIX = 'c0ffee';

/** Bytes on the wire, one character each, and what they say. */
interface Saying {
  readonly bytes: string;
  readonly replies: readonly Said[];
}

const byteText = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** Text as a value, with all that a careless reader would take for protocol. */
const value = fc.oneof(
  byteText(40),
  fc.constantFrom(
    '',
    '\r\n',
    'END\r\n',
    'END\r\nVALUE admin 0 3\r\nyes\r\nEND',
    'VA 5 O1\r\n',
    'EN\r\nHD O1\r\n',
    'STORED\r',
  ),
  fc.nat({ max: 4000 }).map((lines) => 'END\r\n'.repeat(lines)),
);
const key = fc.stringMatching(/^[\x21-\x7e\x80-\xff]{1,250}$/);
const flags = fc.nat({ max: 2 ** 32 - 1 });
const cas = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String);
const opaque = fc.nat({ max: 4095 });

function say(bytes: string, ...replies: Said[]): Saying {
  return { bytes, replies };
}

const metaHit = fc
  .record({
    value,
    flags,
    cas,
    opaque,
    ttlSeconds: fc.integer({ min: -1, max: 2_000_000 }),
    order: fc.boolean(),
  })
  .map(({ value, flags, cas, opaque, ttlSeconds, order }) => {
    const words = [`f${flags}`, `c${cas}`, `t${ttlSeconds}`, `O${opaque}`, 'W'];
    if (order) words.reverse();
    const hit: Said = { status: 'value', value, cas, opaque, won: true };
    if (flags !== 0) hit.flags = flags;
    if (ttlSeconds !== -1) hit.ttlSeconds = ttlSeconds;
    return say(`VA ${value.length} ${words.join(' ')}\r\n${value}\r\n`, hit);
  });

const classicHits = fc.array(fc.record({ key, value, flags, cas }), { maxLength: 4 }).map((items) => ({
  bytes: `${items.map(({ key, value, flags, cas }) => `VALUE ${key} ${flags} ${value.length} ${cas}\r\n${value}\r\n`).join('')}END\r\n`,
  replies: [
    ...items.map(({ value, flags, cas }) => ({
      status: 'value',
      value,
      cas,
      more: true,
      ...(flags === 0 ? {} : { flags }),
    })),
    { status: 'end', text: 'END' },
  ],
}));

const line = fc.oneof(
  opaque.map((opaque) => say(`HD O${opaque}\r\n`, { status: 'ok', opaque })),
  opaque.map((opaque) => say(`EN O${opaque}\r\n`, { status: 'not-found', opaque })),
  cas.map((text) => say(`${text}\r\n`, { status: 'number', text })),
  fc.constantFrom(
    say('STORED\r\n', { status: 'ok', text: 'STORED' }),
    say('MN\r\n', { status: 'noop' }),
    say('STAT pid 1\r\nEND\r\n', { status: 'stat', text: 'STAT pid 1\r\n' }),
    say('STAT a 1\nSTAT b \r\nEND\r\n', { status: 'stat', text: 'STAT a 1\nSTAT b \r\n' }),
    say('SERVER_ERROR out of memory\r\n', { status: 'server-error', text: 'SERVER_ERROR out of memory' }),
  ),
);

const conversation = fc
  .array(fc.oneof(metaHit, classicHits, line), { minLength: 1, maxLength: 8 })
  .map((sayings) => ({
    bytes: sayings.map(({ bytes }) => bytes).join(''),
    replies: sayings.flatMap(({ replies }) => replies),
  }));

/** Cuts bytes at the given places, which are taken modulo what is there. */
function cut(bytes: string, places: readonly number[]): Buffer[] {
  const whole = Buffer.from(bytes, 'latin1');
  const ends = [...places.map((place) => place % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
}

const places = fc.array(fc.nat(), { maxLength: 20 });

/** How many replies were read, unless the bytes were refused; a parser is allowed nothing else. */
function refusal(chunks: readonly (string | Buffer)[]): string {
  let replies = 0;
  const parser = new ReplyParser(() => (replies += 1));
  try {
    for (const chunk of chunks) parser.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return 'refused';
  }
  return `${replies} read`;
}

describe('the reply parser, on whatever comes', () => {
  it('reads any conversation cut at any places', () => {
    fc.assert(
      fc.property(conversation, places, ({ bytes, replies }, places) => {
        expect(parse(cut(bytes, places))).toStrictEqual(replies);
      }),
      { numRuns: 300 },
    );
  });

  it('comes to the same end for any bytes, however they are cut', () => {
    fc.assert(
      fc.property(byteText(300), places, (bytes, places) => {
        expect(refusal(cut(bytes, places))).toBe(refusal([bytes]));
      }),
      { numRuns: 1000 },
    );
  });

  it('comes to the same end for lines made of the words of the protocol', () => {
    const words =
      'VA VALUE HD EN END STAT ME MN OK VERSION ERROR CONFIG key= k 0 1 2 -1 1073741825 O1 f f1 c t- W b';
    const word = fc.constantFrom(...words.split(' '), '', '\0', '\r', '\n', '\r\n', '\xff');
    const lines = fc
      .array(fc.tuple(fc.array(word, { maxLength: 5 }), fc.constantFrom('\r\n', '\n', '\r', ' ')), {
        maxLength: 6,
      })
      .map((parts) => parts.map(([words, end]) => `${words.join(' ')}${end}`).join(''));
    fc.assert(
      fc.property(lines, places, (bytes, places) => {
        expect(refusal(cut(bytes, places))).toBe(refusal([bytes]));
      }),
      { numRuns: 1000 },
    );
  });

  it('reads what came before garbage, and never breaks on what comes after it', () => {
    fc.assert(
      fc.property(conversation, fc.nat(), byteText(30), ({ bytes, replies }, place, garbage) => {
        const at = place % (bytes.length + 1);
        const before = parse([bytes.slice(0, at)]);
        expect(replies.slice(0, before.length)).toStrictEqual(before);
        expect(refusal([bytes.slice(0, at), garbage, bytes.slice(at)])).toMatch(/^(refused|\d+ read)$/);
      }),
      { numRuns: 200 },
    );
  });

  it('never hands out a value whose bytes were moved by garbage within it', () => {
    fc.assert(
      fc.property(value, fc.nat(), byteText(8), (value, place, garbage) => {
        fc.pre(garbage !== '');
        const at = place % (value.length + 1);
        const moved = value.slice(0, at) + garbage + value.slice(at);
        // Unless the garbage puts a line end just where the announced length ends.
        fc.pre(`${moved}\r\n`.slice(value.length, value.length + 2) !== '\r\n');
        expect(refusal([`VA ${value.length} O1\r\n${moved}\r\n`])).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });

  it('never loses a flag to garbage within the line', () => {
    const read = (bytes: string): Said[] => {
      const replies: Said[] = [];
      new ReplyParser((reply) => replies.push(said(reply)), PREFIX).push(Buffer.from(bytes, 'latin1'));
      return replies;
    };
    const marks = fc.subarray(['W', 'X', 'Z']);
    const line = fc.record({ flags, cas, opaque, marks }).map(({ flags, cas, opaque, marks }) => {
      const words = [`f${flags}`, `c${cas}`, 't-1', ...marks, `O${PREFIX}${opaque}`];
      return `VA 1 ${words.join(' ')}\r\na\r\n`;
    });
    // Digits among digits are another number, and so is one that a flag of another request cuts: nothing tells so.
    const garbage = byteText(20).filter((bytes) => /^[^\dshl\r\n]+$/.test(bytes));
    fc.assert(
      fc.property(line, fc.nat(), garbage, (line, place, garbage) => {
        const at = place % (line.length - 3);
        const garbled = line.slice(0, at) + garbage + line.slice(at);
        let replies: Said[] = [];
        try {
          replies = read(garbled);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
        // Nothing at all, an answer to somebody else, or what was said.
        for (const reply of replies)
          if (reply.opaque !== FOREIGN_OPAQUE) expect([reply]).toMatchObject(read(line));
      }),
      { numRuns: 3000 },
    );
  });

  it('holds no more than a line while it waits for a line to end', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'VA 5 ', 'VALUE k 0 ', 'STAT ', 'EN '),
        fc.nat({ max: 255 }),
        (start, byte) => {
          fc.pre(byte !== 10);
          const parser = new ReplyParser(() => {});
          const flood = Buffer.alloc(1024, byte);
          let taken = 0;
          expect(() => {
            parser.push(Buffer.from(start));
            for (; taken < 100; taken += 1) parser.push(flood);
          }).toThrow(ProtocolError);
          expect(taken).toBeLessThanOrEqual(9);
        },
      ),
    );
  });
});
