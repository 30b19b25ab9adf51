import { readFileSync } from 'node:fs';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';

const SEAL = { keys: [{ id: 'k', key: '00'.repeat(32) }] };

export class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

/** Bytes as they lie on a server. */
export interface Stored {
  readonly flags: number;
  readonly data: Buffer;
}

/** Small bounds, so that what passes them is made often. */
export const BOUNDS = { maxNodes: 300, maxDepth: 64, maxDigits: 30, maxDecompressedBytes: 20_000 };

/** Every codec there is, with compression where it has any, and what it is good for. */
export const HOSTILE_CODECS = {
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
} as const;

/** Flags that mean something to somebody, and some that mean nothing. */
const FLAGS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 24, 48, 56, 64, 0x50, 0x54, 0x56, 0x30, 0x34, 0x36, 0x90, 0x94, 0x100,
  0x200, 0x300, 0x400, 0x500, 0x600, 0x700, 0x800, 0x802, 0x1_0000, 0x2_0000, 0x3_0002, 0x4_0000, 0x10_0000,
  0x20_0000, 0x30_0000, 0x40_0000, 0x80_0000, 0x1_0008, 0x2_0008, 0xffff_ffff,
];

/** Values of every kind, of which codecs make sound bytes. */
export const VALUES: readonly unknown[] = [
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

/** What other clients wrote. */
export const FOREIGN_SAMPLES = (
  JSON.parse(readFileSync(new URL('../fixtures/values.json', import.meta.url), 'utf8')) as {
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
export function mutated(sound: readonly Stored[]): fc.Arbitrary<Stored> {
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

/** Whatever may lie on a server where sound bytes do: these changed, noise, and what asks for much. */
export function hostileValues(sound: readonly Stored[]): fc.Arbitrary<Stored> {
  const noise = fc.record({
    flags: fc.constantFrom(...FLAGS),
    data: fc.uint8Array({ maxLength: 60 }).map(Buffer.from),
  });
  const big = fc.record({ flags: fc.constantFrom(...FLAGS), data: fc.oneof(bombs, packed) });
  return fc.oneof(
    { arbitrary: mutated(sound), weight: 4 },
    { arbitrary: noise, weight: 1 },
    { arbitrary: big, weight: 3 },
  );
}
