import { readFileSync } from 'node:fs';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { inBytes, inPlace, type InPlaceCodec } from '../../../lib/client/codec/codec.js';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { ReadBudget } from '../../../lib/client/codec/read-budget.js';
import { CodecError } from '../../../lib/errors.js';
import { type CodecOption, readCodec } from '../../../lib/options/codec-options.js';

/** Thousands of values, on a machine that may be busy. */
const LIMIT_MS = 60_000;

const SEAL = { keys: [{ id: 'k', key: '00'.repeat(32) }] };

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

/** Small bounds, so that what passes them is made often. */
const BOUNDS = { maxNodes: 300, maxDepth: 64, maxDigits: 30, maxDecompressedBytes: 20_000 };

/** Every codec there is, with compression where it has any, and what it is good for. */
const CODECS: Readonly<Record<string, CodecOption>> = {
  default: { ...BOUNDS, types: { Point } },
  'default, compressed by zlib': { ...BOUNDS, types: { Point }, compressOverBytes: 0 },
  'default, compressed by brotli': { ...BOUNDS, compressOverBytes: 0, compression: 'brotli' },
  'default, sealed': { ...BOUNDS, seal: SEAL, compressOverBytes: 10 },
  'default, sealed or not': { ...BOUNDS, seal: { ...SEAL, acceptUnsealed: true } },
  json: { ...BOUNDS, type: 'json' },
  raw: { ...BOUNDS, type: 'raw' },
  v8: { ...BOUNDS, type: 'v8', compressOverBytes: 10 },
  python: { ...BOUNDS, type: 'python', compressOverBytes: 10 },
  php: { ...BOUNDS, type: 'php', compressOverBytes: 10 },
  dalli: { ...BOUNDS, type: 'dalli', compressOverBytes: 10 },
  spymemcached: { ...BOUNDS, type: 'spymemcached', compressOverBytes: 10 },
  'npm-memcached': { ...BOUNDS, type: 'npm-memcached' },
  memjs: { ...BOUNDS, type: 'memjs' },
};

/** Flags that mean something to somebody, and some that mean nothing. */
const FLAGS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 24, 48, 56, 64, 0x50, 0x54, 0x56, 0x30, 0x34, 0x36, 0x90, 0x94, 0x100,
  0x200, 0x300, 0x400, 0x500, 0x600, 0x700, 0x800, 0x802, 0x1_0000, 0x2_0000, 0x3_0002, 0x4_0000, 0x10_0000,
  0x20_0000, 0x30_0000, 0x40_0000, 0x80_0000, 0x1_0008, 0x2_0008, 0xffff_ffff,
];

const VALUES: readonly unknown[] = [
  'text',
  '',
  42,
  -1.5,
  2n ** 70n,
  true,
  null,
  Buffer.from('bytes'),
  { a: [1, { b: 'c' }], d: null },
  new Map<unknown, unknown>([[new Date(0), new Set([1, undefined])]]),
  [new Point(1, 2), /x/gi, new RangeError('r'), new Float64Array(3), Object.assign(Array(5), { 3: 1 })],
  'long '.repeat(200),
];

const samples = (
  JSON.parse(readFileSync(new URL('../../fixtures/values.json', import.meta.url), 'utf8')) as {
    samples: { flags: number; base64?: string }[];
  }
).samples.flatMap(({ flags, base64 }) =>
  base64 === undefined ? [] : [{ flags, data: Buffer.from(base64, 'base64') }],
);

/** Texts that ask for much: brackets, digits, lengths, references. */
const bombs = fc
  .tuple(
    fc.constantFrom(
      ['[', ']'],
      ['{"a":', '}'],
      ['["~#M",1,', ']'],
      ['["~#A",9999999,{"0":', '}]'],
      ['["~#N",{"a":', '}]'],
      ['["~#I","Point",{"x":', '}]'],
      ['["~r0",', ']'],
      ['a:1:{i:0;', '}'],
      ['[{},', ']'],
      ['["~#E","Error",{},{"a":', '}]'],
    ),
    fc.integer({ min: 1, max: 2000 }),
    fc.constantFrom(
      '1',
      '"~r0"',
      '"~g99"',
      `"~g${'9'.repeat(5000)}"`,
      '9'.repeat(5000),
      '[]',
      'N;',
      'a:99999999:{',
      '',
    ),
  )
  .map(([[open, close], times, middle]) => Buffer.from(open.repeat(times) + middle + close.repeat(times)));

const packed = fc
  .tuple(
    fc.oneof(
      bombs,
      fc.integer({ min: 0, max: 100_000 }).map((length) => Buffer.alloc(length, '9')),
    ),
    fc.integer({ min: 0, max: 5 }),
  )
  .map(([bytes, how]) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(how === 4 ? 0xffff_fff0 : bytes.length);
    switch (how) {
      case 0:
        return deflateSync(bytes);
      case 1:
        return gzipSync(bytes);
      case 2:
        return Buffer.concat([length, brotliCompressSync(bytes)]);
      case 3:
        return Buffer.concat([length, deflateSync(bytes)]);
      case 4:
        return Buffer.concat([length, Buffer.of(0x20), bytes]);
      default:
        return Buffer.concat([Buffer.of(0, 0, 1, 0), deflateSync(bytes)]);
    }
  });

/** Bytes that were sound, changed in a few places, cut, or followed by more. */
function mutated(sound: readonly { readonly flags: number; readonly data: Buffer }[]): fc.Arbitrary<{
  flags: number;
  data: Buffer;
}> {
  return fc
    .tuple(
      fc.constantFrom(...sound),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.option(fc.nat(), { freq: 3 }),
      fc.option(fc.constantFrom(...FLAGS), { freq: 4 }),
    )
    .map(([{ flags, data }, changes, cut, otherFlags]) => {
      const bytes = Buffer.from(data);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return {
        flags: otherFlags ?? flags,
        data: cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1)),
      };
    });
}

/** What the codec itself writes, and what other clients wrote. */
async function soundFor(codec: InPlaceCodec): Promise<{ flags: number; data: Buffer }[]> {
  const own: { flags: number; data: Buffer }[] = [];
  for (const value of VALUES) {
    try {
      own.push(inBytes(await codec.encode(value, 'key')));
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError);
    }
  }
  return [...own, ...samples];
}

describe.each(Object.entries(CODECS))('hostile bytes, to the codec %s', (_name, option) => {
  const codec = inPlace(createCodec(readCodec(option, 'codec')));

  it(
    'are a value or a CodecError, whatever they are',
    async () => {
      const sound = await soundFor(codec);
      const noise = fc.record({
        flags: fc.constantFrom(...FLAGS),
        data: fc.uint8Array({ maxLength: 60 }).map(Buffer.from),
      });
      const big = fc.record({ flags: fc.constantFrom(...FLAGS), data: fc.oneof(bombs, packed) });
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            { arbitrary: mutated(sound), weight: 4 },
            { arbitrary: noise, weight: 1 },
            { arbitrary: big, weight: 3 },
          ),
          async ({ flags, data }) => {
            const budget = new ReadBudget({ maxReadBytes: 15_000, maxReadNodes: 200 });
            try {
              await codec.decodeAt(
                Buffer.concat([Buffer.from('"['), data, Buffer.from(']"')]),
                2,
                2 + data.length,
                flags,
                'key',
                budget,
              );
            } catch (error) {
              if (!(error instanceof CodecError)) throw error;
            }
          },
        ),
        { numRuns: 500 },
      );
    },
    LIMIT_MS,
  );
});

describe('the bounds of values', () => {
  const codec = inPlace(createCodec(readCodec(BOUNDS, 'codec')));
  const deep = '['.repeat(10_000) + ']'.repeat(10_000);

  it.each<[string, Buffer | string, number, string]>([
    ['parts', `[${'{},'.repeat(10_000)}1]`, 48, 'codec.maxNodes'],
    ['depth', deep, 48, 'codec.maxDepth'],
    ['depth, where there are tags', `["~u",${'['.repeat(70)}${']'.repeat(70)}]`, 0x1_0000, 'codec.maxDepth'],
    ['digits of a number in JSON', `[${'9'.repeat(20_000)}]`, 48, 'codec.maxDigits'],
    ['digits of a whole number', '9'.repeat(31), 2, 'codec.maxDigits'],
    ['digits of a bigint', '9'.repeat(31), 0x3_0002, 'codec.maxDigits'],
    ['digits of a bigint inside', `["~g${'9'.repeat(31)}"]`, 0x1_0000, 'codec.maxDigits'],
    ['holes', '["~#A",301,{}]', 0x1_0000, 'codec.maxNodes'],
    ['errors', `[${'["~#E","Error",{},{}],'.repeat(10)}1]`, 0x1_0000, 'codec.maxNodes'],
    ['patterns', `[${'["~#R","a","",0],'.repeat(40)}1]`, 0x1_0000, 'codec.maxNodes'],
  ])('are kept when reading: %s', (_, data, flags, option) => {
    expect(() => codec.decode(Buffer.from(data), flags, 'key')).toThrow(option);
  });

  it.each<[string, unknown, string]>([
    ['parts', Array(301).fill(1), 'codec.maxNodes'],
    ['depth', [undefined, JSON.parse('['.repeat(70) + ']'.repeat(70))], 'codec.maxDepth'],
    ['digits', 10n ** 40n, 'codec.maxDigits'],
    ['digits inside', [10n ** 40n], 'codec.maxDigits'],
    ['holes', Object.assign([], { 400: 1 }), 'codec.maxNodes'],
  ])('are told when storing, not when reading: %s', (_, value, option) => {
    expect(() => codec.encode(value, 'key')).toThrow(option);
  });

  it('hold for all values of a many-key read together', () => {
    const budget = new ReadBudget({ maxReadBytes: 1000, maxReadNodes: 3_000_000 });
    const roomy = inPlace(createCodec(readCodec('default', 'codec')));
    const value = Buffer.from(`[${'{},'.repeat(250_000)}1]`);
    const read = (): unknown => roomy.decodeAt(value, 0, value.length, 48, 'key', budget);
    for (let count = 0; count < 5; count += 1) read();
    expect(read).toThrow('codec.maxReadNodes');
  });

  it('hold for many small values of a many-key read, too', () => {
    const budget = new ReadBudget({ maxReadBytes: 1000, maxReadNodes: 10_000 });
    const value = Buffer.from(`[${'{},'.repeat(500)}1]`);
    const roomy = inPlace(createCodec(readCodec('default', 'codec')));
    expect(() => {
      for (let count = 0; count < 1000; count += 1) roomy.decodeAt(value, 0, value.length, 48, 'key', budget);
    }).toThrow('codec.maxReadNodes');
  });

  it('decompress no more for a many-key read than it may come to', async () => {
    const budget = new ReadBudget({ maxReadBytes: 50_000, maxReadNodes: 10_000 });
    const roomy = inPlace(createCodec(readCodec('default', 'codec')));
    const value = deflateSync(Buffer.alloc(20_000, 'x'));
    const reads = await Promise.allSettled(
      Array.from({ length: 8 }, () => roomy.decodeAt(value, 0, value.length, 24, 'key', budget)),
    );
    expect(reads.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('leave a text of brackets and commas alone', () => {
    const text = JSON.stringify(`["{,:}\\"${'[,'.repeat(10_000)}`);
    expect(codec.decode(Buffer.from(text), 48, 'key')).toHaveLength(20_008);
  });
});
