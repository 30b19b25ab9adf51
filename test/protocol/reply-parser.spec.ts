import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../../lib/errors.js';
import { ReplyParser } from '../../lib/protocol/reply-parser.js';
import { everyCut, parse, type Said } from './replies.js';

/** What a server writes, and what it says by that. */
const SAYINGS: readonly (readonly [name: string, bytes: string, replies: readonly Said[]])[] = [
  ['a meta hit', 'VA 5 f16 O12\r\nhello\r\n', [{ status: 'value', value: 'hello', flags: 16, opaque: 12 }]],
  ['a meta hit without flags', 'VA 2\r\nhi\r\n', [{ status: 'value', value: 'hi' }]],
  ['an empty meta hit', 'VA 0 f1\r\n\r\n', [{ status: 'value', value: '', flags: 1 }]],
  [
    'every flag of a meta hit',
    'VA 1 f7 c184467440737095516 t30 s1 h1 l5 W X Z b O4095\r\nx\r\n',
    [
      {
        status: 'value',
        value: 'x',
        flags: 7,
        cas: '184467440737095516',
        ttlSeconds: 30,
        size: 1,
        hitBefore: true,
        lastAccessSeconds: 5,
        won: true,
        busy: true,
        stale: true,
        opaque: 4095,
      },
    ],
  ],
  [
    'flags in any order',
    'VA 1 X Z t-1 O3 c9 f2\r\nx\r\n',
    [{ status: 'value', value: 'x', flags: 2, cas: '9', busy: true, stale: true, opaque: 3 }],
  ],
  [
    'the stub that stands for a lease',
    'VA 0 f0 c1 t-1 W O0\r\n\r\n',
    [{ status: 'value', value: '', cas: '1', won: true, opaque: 0 }],
  ],
  [
    "somebody else's lease",
    'VA 0 f0 c1 t30 O0 Z\r\n\r\n',
    [{ status: 'value', value: '', cas: '1', ttlSeconds: 30, busy: true, opaque: 0 }],
  ],
  [
    'a stale value, to the first who reads it',
    'VA 1 f1 c2 t3 O4 X W\r\nx\r\n',
    [
      {
        status: 'value',
        value: 'x',
        flags: 1,
        cas: '2',
        ttlSeconds: 3,
        stale: true,
        won: true,
        opaque: 4,
      },
    ],
  ],
  [
    'a stale value, to the others, and one that is not stale behind it',
    'VA 1 f1 c2 t3 O4 Z X\r\nx\r\nVA 1 f1 c2 t3 O5\r\ny\r\n',
    [
      {
        status: 'value',
        value: 'x',
        flags: 1,
        cas: '2',
        ttlSeconds: 3,
        stale: true,
        busy: true,
        opaque: 4,
      },
      { status: 'value', value: 'y', flags: 1, cas: '2', ttlSeconds: 3, opaque: 5 },
    ],
  ],
  ['an item never hit before', 'HD h0 l0\r\n', [{ status: 'ok' }]],
  ['a meta miss', 'EN\r\n', [{ status: 'not-found' }]],
  ['a meta miss with its opaque', 'EN O5\r\n', [{ status: 'not-found', opaque: 5 }]],
  ['done', 'HD O7\r\n', [{ status: 'ok', opaque: 7 }]],
  ['done, with a cas token', 'HD c99 O7\r\n', [{ status: 'ok', cas: '99', opaque: 7 }]],
  ['not stored', 'NS O7\r\n', [{ status: 'not-stored', opaque: 7 }]],
  ['changed since', 'EX O7\r\n', [{ status: 'exists', opaque: 7 }]],
  ['not found', 'NF O7\r\n', [{ status: 'not-found', opaque: 7 }]],
  ['the end of a meta pipeline', 'MN\r\n', [{ status: 'noop' }]],
  [
    'a metadebug line',
    'ME k exp=-1 la=0 cas=2 fetch=no cls=1 size=61\r\n',
    [{ status: 'line', text: 'ME k exp=-1 la=0 cas=2 fetch=no cls=1 size=61' }],
  ],
  [
    'a classic hit',
    'VALUE k 16 5\r\nhello\r\nEND\r\n',
    [
      { status: 'value', value: 'hello', flags: 16, more: true },
      { status: 'end', text: 'END' },
    ],
  ],
  [
    'a classic hit with a cas token',
    'VALUE k 0 1 77\r\nx\r\nEND\r\n',
    [
      { status: 'value', value: 'x', cas: '77', more: true },
      { status: 'end', text: 'END' },
    ],
  ],
  [
    'several classic hits, one of them empty',
    'VALUE a 1 1\r\nA\r\nVALUE b 2 0\r\n\r\nVALUE c 3 2\r\n\r\n\r\nEND\r\n',
    [
      { status: 'value', value: 'A', flags: 1, more: true },
      { status: 'value', value: '', flags: 2, more: true },
      { status: 'value', value: '\r\n', flags: 3, more: true },
      { status: 'end', text: 'END' },
    ],
  ],
  ['a classic miss', 'END\r\n', [{ status: 'end', text: 'END' }]],
  [
    'the classic answers to writes',
    'STORED\r\nNOT_STORED\r\nEXISTS\r\nNOT_FOUND\r\nDELETED\r\nTOUCHED\r\nRESET\r\n',
    [
      { status: 'ok', text: 'STORED' },
      { status: 'not-stored', text: 'NOT_STORED' },
      { status: 'exists', text: 'EXISTS' },
      { status: 'not-found', text: 'NOT_FOUND' },
      { status: 'ok', text: 'DELETED' },
      { status: 'ok', text: 'TOUCHED' },
      { status: 'ok', text: 'RESET' },
    ],
  ],
  ['a flush', 'OK\r\n', [{ status: 'ok' }]],
  ['a counter', '18446744073709551615\r\n', [{ status: 'number', text: '18446744073709551615' }]],
  ['a counter with the blanks of a decr', '99 \r\n', [{ status: 'number', text: '99' }]],
  ['a version', 'VERSION 1.6.18\r\n', [{ status: 'version', text: 'VERSION 1.6.18' }]],
  [
    'statistics',
    'STAT pid 1\r\nSTAT version 1.6.18\r\nSTAT 10:addr tcp:127.0.0.1:5\r\nEND\r\n',
    [
      {
        status: 'stat',
        text: 'STAT pid 1\r\nSTAT version 1.6.18\r\nSTAT 10:addr tcp:127.0.0.1:5\r\n',
      },
    ],
  ],
  [
    'statistics after other replies, and before',
    'HD O7\r\nSTAT pid 1\r\nEND\r\nSTAT pid 2\r\nEND\r\nHD O8\r\nEND\r\n',
    [
      { status: 'ok', opaque: 7 },
      { status: 'stat', text: 'STAT pid 1\r\n' },
      { status: 'stat', text: 'STAT pid 2\r\n' },
      { status: 'ok', opaque: 8 },
      { status: 'end', text: 'END' },
    ],
  ],
  [
    'statistics that break off in an error',
    'STAT pid 1\r\nSTAT time 2\r\nSERVER_ERROR out of memory writing stats\r\n',
    [
      { status: 'stat', more: true, text: 'STAT pid 1\r\nSTAT time 2\r\n' },
      { status: 'server-error', text: 'SERVER_ERROR out of memory writing stats' },
    ],
  ],
  [
    'statistics with a reply among them',
    'STAT pid 1\r\nHD c12345678901234567890 O9\r\nSTAT time 2\r\nEND\r\n',
    [
      { status: 'stat', more: true, text: 'STAT pid 1\r\n' },
      { status: 'ok', cas: '12345678901234567890', opaque: 9 },
      { status: 'stat', text: 'STAT time 2\r\n' },
    ],
  ],
  [
    'a dump of keys, whose lines end in LF alone',
    'key=a%20b exp=-1 la=17 cas=1 fetch=no cls=1 size=64\nkey=k exp=-1\nEND\r\n',
    [
      { status: 'line', more: true, text: 'key=a%20b exp=-1 la=17 cas=1 fetch=no cls=1 size=64' },
      { status: 'line', more: true, text: 'key=k exp=-1' },
      { status: 'end', text: 'END' },
    ],
  ],
  [
    'a cluster configuration',
    'CONFIG cluster 0 27\r\n1\nhost|10.0.0.1|11211 b||1\n\r\nEND\r\n',
    [
      { status: 'value', more: true, value: '1\nhost|10.0.0.1|11211 b||1\n' },
      { status: 'end', text: 'END' },
    ],
  ],
  ['an unknown command', 'ERROR\r\n', [{ status: 'error', text: 'ERROR' }]],
  [
    'no connection left',
    'ERROR Too many open connections\r\n',
    [{ status: 'error', text: 'ERROR Too many open connections' }],
  ],
  [
    'a bad command',
    'CLIENT_ERROR bad data chunk\r\n',
    [{ status: 'client-error', text: 'CLIENT_ERROR bad data chunk' }],
  ],
  [
    'a full server',
    'SERVER_ERROR out of memory storing object\r\n',
    [{ status: 'server-error', text: 'SERVER_ERROR out of memory storing object' }],
  ],
  [
    'a busy crawler',
    'BUSY currently processing crawler request\r\n',
    [{ status: 'server-error', text: 'BUSY currently processing crawler request' }],
  ],
  [
    'a value that looks like the rest of the conversation',
    'VALUE mine 0 39\r\nEND\r\nVALUE admin 0 3\r\nyes\r\nEND\r\nVA 3 O1\r\nEND\r\nVA 8 O2\r\nEN O2\r\n\n\r\n',
    [
      {
        status: 'value',
        more: true,
        value: 'END\r\nVALUE admin 0 3\r\nyes\r\nEND\r\nVA 3 O1',
      },
      { status: 'end', text: 'END' },
      { status: 'value', value: 'EN O2\r\n\n', opaque: 2 },
    ],
  ],
  [
    'bytes of every kind',
    `VA 256 O9\r\n${String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))}\r\nHD O10\r\n`,
    [
      {
        status: 'value',
        opaque: 9,
        value: String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte)),
      },
      { status: 'ok', opaque: 10 },
    ],
  ],
  [
    'a whole conversation in both dialects',
    'VERSION 1.6.18\r\nMN\r\nHD O0\r\nVA 1 f2 O1\r\nx\r\nVALUE k 2 1\r\nx\r\nEND\r\nEN O2\r\n',
    [
      { status: 'version', text: 'VERSION 1.6.18' },
      { status: 'noop' },
      { status: 'ok', opaque: 0 },
      { status: 'value', value: 'x', flags: 2, opaque: 1 },
      { status: 'value', value: 'x', flags: 2, more: true },
      { status: 'end', text: 'END' },
      { status: 'not-found', opaque: 2 },
    ],
  ],
];

/** What no memcached writes. */
const NONSENSE: readonly (readonly [name: string, bytes: string])[] = [
  ['an empty line', '\r\n'],
  ['a bare line feed', '\n'],
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n'],
  ['a redis error', "-ERR unknown command 'version'\r\n"],
  ['a ssh greeting', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a TLS alert', '\x15\x03\x03\x00\x02\x02\x0a\n'],
  ['a word in small letters', 'stored\r\n'],
  ['a word with a tail', 'STOREDX\r\n'],
  ['a blank before a word', ' END\r\n'],
  ['an end with a tail', 'END x\r\n'],
  ['an error that runs on', 'ERRORS\r\n'],
  ['a miss with a tail', 'ENX\r\n'],
  ['a word cut short', 'EN\t\r\n'],
  ['an unknown word', 'VALUES k 0 1\r\n'],
  ['a flag that nobody asks for', 'HD ?new O1\r\n'],
  ['a flag that has swallowed another', 'VA 1 ?f16 O1\r\na\r\n'],
  ['a flag twice', 'VA 1 f1 c2 c3 O1\r\na\r\n'],
  ['a key that nobody asks for', 'EN kK O1\r\n'],
  ['an opaque that has swallowed a flag', 'VA 1 Of16 O1\r\na\r\n'],
  ['a mark that has swallowed another', 'VA 1 f16 WX O1\r\na\r\n'],
  ['a word of JavaScript', 'constructor\r\n'],
  ['HD with a tail', 'HDX\r\n'],
  ['HD with the tail of END', 'HDD\r\n'],
  ['a length that is no number', 'VA x\r\n'],
  ['a negative length', 'VA -1\r\n'],
  ['no length', 'VA \r\n'],
  ['a length in hexadecimal', 'VA 0x5\r\nhello\r\n'],
  ['a length beyond every memcached', 'VA 1073741825\r\n'],
  ['a length of many digits', `VA ${'9'.repeat(400)}\r\n`],
  ['a data block longer than announced', 'VA 4\r\nhello\r\n'],
  ['a data block shorter than announced', 'VA 6\r\nhello\r\nEND\r\n'],
  ['a data block that ends in LF alone', 'VA 5\r\nhello\n\n'],
  ['a classic data block longer than announced', 'VALUE k 0 4\r\nhello\r\n'],
  ['a classic hit without a length', 'VALUE k 0\r\n'],
  ['a classic hit without anything', 'VALUE \r\n'],
  ['a classic hit with client flags that are no number', 'VALUE k x 5\r\nhello\r\n'],
  ['a classic hit with a length beyond every memcached', 'VALUE k 0 99999999999\r\n'],
  ['a cas token that is no number', 'VALUE k 0 1 7x\r\nx\r\n'],
  ['a cas token with a tail', 'VALUE k 0 1 7 7\r\nx\r\n'],
  ['a meta cas token that is no number', 'HD cx\r\n'],
  ['an empty meta cas token', 'HD c\r\n'],
  ['an opaque that is no number', 'HD Oabc\r\n'],
  ['an empty opaque', 'HD O\r\n'],
  ['client flags that are no number', 'VA 1 fx\r\nx\r\n'],
  ['client flags beyond 32 bits', 'VA 1 f4294967296\r\nx\r\n'],
  ['a ttl that is no number', 'HD tsoon\r\n'],
  ['a ttl below -1', 'HD t-2\r\n'],
  ['a number with a tail', '12x\r\n'],
  ['a number beyond every counter', `${'1'.repeat(21)}\r\n`],
];

/** So much that common replies in front of it are read in one pass. */
const MUCH = `VA 400 f0 O1\r\n${'x'.repeat(400)}\r\n`;

describe('the reply parser', () => {
  it.each(SAYINGS)('reads %s, wherever it is cut', (_name, bytes, replies) => {
    for (const chunks of everyCut(bytes)) expect(parse(chunks)).toStrictEqual(replies);
  });

  it.each(NONSENSE)('refuses %s, wherever it is cut', (_name, bytes) => {
    for (const chunks of everyCut(bytes)) expect(() => parse(chunks)).toThrow(ProtocolError);
  });

  it.each(SAYINGS)('reads %s with much behind it', (_name, bytes, replies) => {
    expect(parse([Buffer.from(bytes + MUCH, 'latin1')]).slice(0, -1)).toStrictEqual(replies);
  });

  it.each(NONSENSE)('refuses %s with much behind it', (_name, bytes) => {
    expect(() => parse([Buffer.from(bytes + MUCH, 'latin1')])).toThrow(ProtocolError);
  });

  it.each(NONSENSE)('gives out what came before %s', (_name, bytes) => {
    const replies: Said[] = [];
    const parser = new ReplyParser((reply) => replies.push({ status: reply.status }));
    expect(() => parser.push(Buffer.from(`HD O1\r\n${bytes}`, 'latin1'))).toThrow(ProtocolError);
    expect(replies[0]).toStrictEqual({ status: 'ok' });
  });

  it('never tells the content of a value in an error', () => {
    const bytes = 'VALUE k 0 4\r\nsecret password\r\nEND\r\n';
    for (const chunks of everyCut(bytes)) {
      expect(() => parse(chunks)).toThrow(
        expect.objectContaining({ message: expect.not.stringMatching(/secr|passw/) }),
      );
    }
  });

  it('keeps a line of up to 8 KiB, and no byte more', () => {
    const line = `STAT name ${'x'.repeat(8192 - 11)}`;
    expect(parse([`${line}\r\nEND\r\n`])).toStrictEqual([{ status: 'stat', text: `${line}\r\n` }]);
    const endless = 'STAT name '.padEnd(9000, 'x');
    expect(() => parse([endless])).toThrow(/8192 bytes/);
    expect(() => parse(Array.from(endless))).toThrow(/8192 bytes/);
  });

  it('hands out statistics without end in parts, the same however they come', () => {
    const line = `STAT name ${'x'.repeat(90)}\r\n`;
    const lines = line.repeat(1500);
    const whole = parse([lines]);
    expect(whole.map(({ status, more, text }) => [status, more, String(text).length])).toStrictEqual([
      ['stat', true, 643 * line.length],
      ['stat', true, 643 * line.length],
    ]);
    for (const size of [1, 7, line.length, 1000, 65_536]) {
      const cuts = Array.from({ length: Math.ceil(lines.length / size) }, (_, index) =>
        lines.slice(index * size, (index + 1) * size),
      );
      expect(parse(cuts)).toStrictEqual(whole);
      expect(parse([...cuts, 'END\r\n'])).toHaveLength(3);
    }
  });

  it('takes no memory for a value that is announced and does not come', () => {
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 20 }, () => {
      const parser = new ReplyParser(() => {});
      parser.push(Buffer.from('VA 1073741824\r\nabc'));
      return parser;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024);
    expect(parsers).toHaveLength(20);
  });

  it('puts a value of many megabytes together', () => {
    const value = Buffer.alloc(9 * 1024 * 1024, 'abcdefg');
    const bytes = Buffer.concat([
      Buffer.from(`VA ${value.length} O1\r\n`),
      value,
      Buffer.from('\r\nHD O2\r\n'),
    ]);
    const chunks: Buffer[] = [];
    for (let start = 0; start < bytes.length; start += 65_536)
      chunks.push(bytes.subarray(start, start + 65_536));
    const replies = parse(chunks);
    expect(replies.map(({ status, opaque }) => [status, opaque])).toStrictEqual([
      ['value', 1],
      ['ok', 2],
    ]);
    expect(Buffer.from(replies[0].value as string, 'latin1').equals(value)).toBe(true);
  });

  it('names the key of a reply, and no other', () => {
    const named: boolean[][] = [];
    const keys = ['k', 'kk', 'K', '', 'caf\xc3\xa9'];
    const parser = new ReplyParser((reply) => named.push(keys.map((key) => reply.names(key))));
    parser.push(
      Buffer.from('VALUE k 0 0\r\n\r\nVALUE caf\xc3\xa9 0 0\r\n\r\nVALUE K 0 0\r\n\r\nHD\r\n', 'latin1'),
    );
    expect(named).toStrictEqual([
      [true, false, false, false, false],
      [false, false, false, false, true],
      [false, false, true, false, false],
      [false, false, false, true, false],
    ]);
  });

  it('forgets one reply before it reads the next', () => {
    expect(parse(['VA 1 f1 c2 t3 W X Z s4 h1 l5 O6\r\nx\r\nEN\r\n'])[1]).toStrictEqual({
      status: 'not-found',
    });
  });
});
