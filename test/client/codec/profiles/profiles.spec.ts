import { describe, expect, it } from '@jest/globals';
import { inBytes, type Codec, type Encoded } from '../../../../lib/client/codec/codec.js';
import { createCodec } from '../../../../lib/client/codec/create-codec.js';
import { CodecError } from '../../../../lib/errors.js';
import { readCodec, type CodecName } from '../../../../lib/options/codec-options.js';

function codecOf(name: CodecName, compressOverBytes?: number): Codec {
  return createCodec(readCodec({ type: name, compressOverBytes }, 'codec'));
}

/** Value, what is stored for it, and what comes back where that differs. */
type Case = readonly [value: unknown, bytes: string, flags: number, comesBack?: unknown];

const CASES: Partial<Record<CodecName, readonly Case[]>> = {
  python: [
    ['h\u00e9', 'h\xc3\xa9', 16],
    ['', '', 16],
    [Buffer.of(0, 255), '\x00\xff', 0],
    [Uint8Array.of(1), '\x01', 0, Buffer.of(1)],
    [42, '42', 2],
    [-7, '-7', 2],
    [2n ** 70n, '1180591620717411303424', 2],
    [5n, '5', 2, 5],
    [3.5, '3.5', 48],
    [2 ** 53, '9007199254740992', 48],
    [true, 'true', 48],
    [null, 'null', 48],
    [{ a: [1, 'x'] }, '{"a":[1,"x"]}', 48],
  ],
  php: [
    ['h\u00e9', 'h\xc3\xa9', 0],
    [Buffer.of(0, 255), '\x00\xff', 0],
    [Buffer.from('text'), 'text', 0, 'text'],
    [42, '42', 1],
    [2n ** 62n, '4611686018427387904', 1],
    [3.5, '3.5', 2],
    [1e21, '1e+21', 2],
    [-0, '-0', 2],
    [Number.NaN, 'NAN', 2],
    [-Infinity, '-INF', 2],
    [true, '1', 3],
    [false, '', 3],
    [null, 'N;', 4],
    [[1, 'a'], '[1,"a"]', 6],
    [{}, '{}', 6],
  ],
  dalli: [
    ['hello', '"hello"', 1],
    [42, '42', 1],
    [null, 'null', 1],
    [{ a: 1 }, '{"a":1}', 1],
    [Buffer.of(0, 255), '\x00\xff', 0],
  ],
  spymemcached: [
    ['h\u00e9', 'h\xc3\xa9', 0],
    [true, '1', 0x100],
    [false, '0', 0x100],
    [0, '', 0x200],
    [42, '\x2a', 0x200],
    [256, '\x01\x00', 0x200],
    [-7, '\xff\xff\xff\xf9', 0x200],
    [2 ** 32, '\x01\x00\x00\x00\x00', 0x300],
    [-(2 ** 32), '\xff\xff\xff\xff\x00\x00\x00\x00', 0x300],
    [2n ** 63n - 1n, '\x7f\xff\xff\xff\xff\xff\xff\xff', 0x300],
    [new Date(1_700_000_000_000), '\x01\x8b\xcf\xe5\x68\x00', 0x400],
    [new Date(-1), '\xff\xff\xff\xff\xff\xff\xff\xff', 0x400],
    [3.5, '\x40\x0c\x00\x00\x00\x00\x00\x00', 0x700],
    [-0, '\x80\x00\x00\x00\x00\x00\x00\x00', 0x700],
    [Buffer.of(1, 2), '\x01\x02', 0x800],
  ],
  'npm-memcached': [
    ['a\nb\\n\r\n', 'a\\\nb\\n\\\r\\\n', 0],
    ['\\\n', '\\\\\n', 0],
    [42, '42', 8],
    [-0, '-0', 8],
    [Number.NaN, 'NaN', 8],
    [1e21, '1e+21', 8],
    [true, 'true', 2],
    [null, 'null', 2],
    [{ a: 'x\ny' }, '{"a":"x\\ny"}', 2],
    [Buffer.of(0x72, 0, 0xff, 10), 'r\x00\xc3\xbf\\\n', 4],
  ],
  memjs: [
    ['h\u00e9', 'h\xc3\xa9', 0],
    [Buffer.of(0, 255), '\x00\xff', 0],
    [Buffer.from('text'), 'text', 0, 'text'],
  ],
};

const NOT_STORABLE: Partial<Record<CodecName, readonly unknown[]>> = {
  python: [
    undefined,
    () => 1,
    Symbol('s'),
    Number.NaN,
    -0,
    { at: new Date() },
    [undefined],
    '\ud800',
    new (class A {})(),
  ],
  php: [undefined, () => 1, 2n ** 63n, { at: new Date() }, new Map(), '\udc00'],
  dalli: [undefined, 1n, Number.NaN, { at: new Date() }],
  spymemcached: [undefined, null, {}, [1], 2n ** 63n, new Date(Number.NaN)],
  'npm-memcached': [undefined, 1n, { at: new Date() }, '\ud800'],
  memjs: [undefined, null, 1, true, {}, [1], new Date()],
};

describe.each(Object.entries(CASES) as [CodecName, Case[]][])('the codec %s', (name, cases) => {
  it.each(cases)('stores %p as %j with flags %p', (value, bytes, flags, ...[comesBack]) => {
    const codec = codecOf(name);
    const encoded = inBytes(codec.encode(value, 'key') as Encoded);
    expect([encoded.data.toString('latin1'), encoded.flags]).toEqual([bytes, flags]);
    const socketBuffer = Buffer.from(encoded.data);
    const read = codec.decode(socketBuffer, flags, 'key');
    socketBuffer.fill(0);
    expect(read).toStrictEqual(comesBack === undefined ? value : comesBack);
  });

  it.each((NOT_STORABLE[name] ?? []).map((value) => [value]))('has no form for %p', (value) => {
    expect(() => void codecOf(name).encode(value, 'key')).toThrow(CodecError);
  });

  it('tells of flags that it does not know', () => {
    expect(() => codecOf(name).decode(Buffer.from('x'), 0xf000, 'key')).toThrow(
      `the client flags 61440 are not known to the codec '${name}'`,
    );
  });
});

describe.each<[CodecName, unknown, number]>([
  ['python', 'abc'.repeat(1000), 24],
  ['python', { list: Array(500).fill('abc') }, 56],
  ['php', 'abc'.repeat(1000), 48],
  ['php', Array(500).fill('abc'), 54],
  ['dalli', 'abc'.repeat(1000), 3],
  ['spymemcached', 'abc'.repeat(1000), 2],
  ['spymemcached', Buffer.alloc(3000, 1), 0x802],
])('compressing for others as %s does', (name, value, flags) => {
  it(`marks it by flags ${flags} and reads it again`, async () => {
    const codec = codecOf(name, 100);
    const encoded = inBytes(await codec.encode(value, 'key'));
    expect(encoded.flags).toBe(flags);
    expect(encoded.data.length).toBeLessThan(200);
    await expect(codec.decode(encoded.data, encoded.flags, 'key')).resolves.toStrictEqual(value);
  });
});

describe('what php-memcached compressed', () => {
  it('is refused if it does not come to the length it tells', async () => {
    const encoded = await codecOf('php', 100).encode('abc'.repeat(1000), 'key');
    const data = Buffer.from(encoded.data);
    data.writeUInt32LE(2999, 0);
    await expect(codecOf('php').decode(data, encoded.flags, 'key')).rejects.toThrow(
      'do not come to the length',
    );
  });

  it('is refused before anything is decompressed if it tells too great a length', async () => {
    const data = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x00, 0x61]);
    await expect(codecOf('php').decode(data, 80, 'key')).rejects.toThrow('codec.maxDecompressedBytes');
  });

  it('is refused in zstd that is none, or that this Node lacks', async () => {
    await expect(codecOf('php').decode(Buffer.alloc(8), 144, 'key')).rejects.toThrow(/zstd/);
  });

  it('is refused under types that it does not have', () => {
    expect(() => codecOf('php').decode(Buffer.from('x'), 9, 'key')).toThrow(
      'the client flags 9 are not known',
    );
  });

  it('is refused if it is cut short', async () => {
    await expect(codecOf('php').decode(Buffer.of(1), 48, 'key')).rejects.toThrow(CodecError);
  });
});

describe('numbers of other clients', () => {
  it.each<[CodecName, string, number]>([
    ['npm-memcached', 'forty', 8],
    ['npm-memcached', ' ', 8],
    ['npm-memcached', '{', 2],
    ['npm-memcached', '\u20ac', 4],
    ['spymemcached', '12345', 0x200],
    ['spymemcached', '123456789', 0x300],
    ['spymemcached', '123456789', 0x700],
    ['spymemcached', '12345', 0x600],
    ['php', 'x', 1],
    ['php', 'x', 2],
    ['dalli', '{', 1],
  ])('are refused where they are none (%s %j)', (name, text, flags) => {
    expect(() => codecOf(name).decode(Buffer.from(text), flags, 'key')).toThrow(CodecError);
  });

  it.each([
    ['', 0x600, 0],
    ['', 0x700, 0],
    ['\x01', 0x700, 5e-324],
    ['\x01', 0x600, 2 ** -149],
    ['\x10\x00\x00\x00\x00\x00\x00', 0x700, 2 ** -1022],
  ])('of Java have no zero bytes in front, also where they are fractions (%j, %i)', (bytes, flags, value) => {
    expect(codecOf('spymemcached').decode(Buffer.from(bytes, 'latin1'), flags, 'key')).toBe(value);
  });

  it('may have the blanks that decr leaves', () => {
    expect(codecOf('npm-memcached').decode(Buffer.from('99 '), 8, 'key')).toBe(99);
    expect(codecOf('php').decode(Buffer.from('99 '), 1, 'key')).toBe(99);
    expect(codecOf('dalli').decode(Buffer.from('99 '), 1, 'key')).toBe(99);
  });

  it.each<CodecName>(['php', 'dalli', 'spymemcached', 'memjs', 'npm-memcached'])(
    'are counters without those blanks where digits are text (%s), and other text keeps its own',
    (name) => {
      const read = (text: string): unknown => codecOf(name).decode(Buffer.from(text), 0, 'key');
      expect(['9 ', '0                   ', '9', 'x ', ' 9 '].map(read)).toEqual([
        '9',
        '0',
        '9',
        'x ',
        ' 9 ',
      ]);
    },
  );
});
