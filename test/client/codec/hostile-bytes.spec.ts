import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { inBytes, inPlace, type InPlaceCodec } from '../../../lib/client/codec/codec.js';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { ReadBudget } from '../../../lib/client/codec/read-budget.js';
import { CodecError } from '../../../lib/errors.js';
import { readCodec, type CodecOption } from '../../../lib/options/codec-options.js';
import {
  BOUNDS,
  FOREIGN_SAMPLES,
  HOSTILE_CODECS,
  hostileValues,
  VALUES,
  type Stored,
} from '../../support/hostile-values.js';

/** Thousands of values, on a machine that may be busy. */
const LIMIT_MS = 60_000;

/** What the codec itself writes, and what other clients wrote. */
async function soundFor(codec: InPlaceCodec): Promise<Stored[]> {
  const own: Stored[] = [];
  for (const value of VALUES) {
    try {
      own.push(inBytes(await codec.encode(value, 'key')));
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError);
    }
  }
  return [...own, ...FOREIGN_SAMPLES];
}

describe.each(Object.entries(HOSTILE_CODECS))('hostile bytes, to the codec %s', (_name, option) => {
  const codec = inPlace(createCodec(readCodec(option, 'codec')));

  it(
    'are a value or a CodecError, whatever they are',
    async () => {
      const sound = await soundFor(codec);
      await fc.assert(
        fc.asyncProperty(hostileValues(sound), async ({ flags, data }) => {
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
        }),
        { numRuns: 500 },
      );
    },
    LIMIT_MS,
  );
});

/** Each of them is two arrays in JSON. */
class Link {
  readonly text = 'x'.repeat(500);

  constructor(readonly next: Link | undefined) {}
}

function linked(count: number): Link {
  let first: Link | undefined;
  for (let index = 0; index < count; index += 1) first = new Link(first);
  return first!;
}

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

  it.each<[string, CodecOption, unknown]>([
    ['codec default, objects of classes', { types: { Link }, maxDepth: 64 }, linked(40)],
    [
      'codec json',
      { type: 'json', maxDepth: 64 },
      [JSON.parse('['.repeat(70) + ']'.repeat(70)), 'x'.repeat(20_000)],
    ],
  ])('are counted alike when storing and when reading: %s', (_, option, value) => {
    expect(() => createCodec(readCodec(option, 'codec')).encode(value, 'key')).toThrow('codec.maxDepth');
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
