import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assert as assertProperty } from 'fast-check';
import { decompressFastlz } from '../../../../lib/client/codec/profiles/fastlz.js';
import { CodecError } from '../../../../lib/errors.js';

/** Streams written by hand from the description of the format. */
const STREAMS: readonly [string, number[], string][] = [
  ['a literal run', [0x02, 0x61, 0x62, 0x63], 'abc'],
  ['two literal runs', [0x00, 0x61, 0x01, 0x62, 0x63], 'abc'],
  ['a short match', [0x02, 0x61, 0x62, 0x63, 0x20, 0x02], 'abcabc'],
  ['a match that runs into itself', [0x00, 0x61, 0x60, 0x00], 'aaaaaa'],
  ['a long match of level 1', [0x00, 0x61, 0xe0, 0x05, 0x00], 'a'.repeat(15)],
  ['a match of level 2', [0x20, 0x61, 0x60, 0x00], 'aaaaaa'],
  ['a long match of level 2', [0x20, 0x61, 0xe0, 0xff, 0x01, 0x00], 'a'.repeat(1 + 9 + 255 + 1)],
];

/** 10,000 different pairs of letters, then the first three bytes again, from too far away for the first form. */
function farMatch(): { stream: Buffer; text: string } {
  const text = Array.from({ length: 5000 }, (_, index) =>
    String.fromCharCode(97 + (index % 23), 97 + (index % 19)),
  ).join('');
  const runs: Buffer[] = [];
  for (let at = 0; at < text.length; at += 32) {
    const run = Buffer.from(text.slice(at, at + 32), 'latin1');
    runs.push(Buffer.of(run.length - 1), run);
  }
  const distance = text.length - 1 - 8191;
  const stream = Buffer.concat([...runs, Buffer.of(0x3f, 0xff, distance >> 8, distance & 0xff)]);
  stream[0] |= 0x20;
  return { stream, text: text + text.slice(0, 3) };
}

describe('FastLZ', () => {
  it.each(STREAMS)('reads %s', (_, stream, text) => {
    expect(decompressFastlz(Buffer.from(stream), text.length).toString()).toBe(text);
  });

  it('reads a match of level 2 from more than 8191 bytes back', () => {
    const { stream, text } = farMatch();
    expect(decompressFastlz(stream, text.length).toString()).toBe(text);
  });

  it.each(STREAMS)('refuses any part of %s, and any other length', (_, stream, text) => {
    for (let cut = 0; cut < stream.length; cut += 1) {
      expect(() => decompressFastlz(Buffer.from(stream.slice(0, cut)), text.length)).toThrow(CodecError);
    }
    for (const length of [text.length - 1, text.length + 1]) {
      expect(() => decompressFastlz(Buffer.from(stream), length)).toThrow('not a whole FastLZ stream');
    }
  });

  it.each<[string, number[]]>([
    ['a match before the beginning', [0x00, 0x61, 0x60, 0x01]],
    ['an unknown level', [0x42, 0x61, 0x62, 0x63]],
    ['a run past the end', [0x1f, 0x61]],
  ])('refuses %s', (_, stream) => {
    expect(() => decompressFastlz(Buffer.from(stream), 6)).toThrow(CodecError);
  });

  it('stays within its bounds whatever the bytes', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(200), (bytes, length) => {
        try {
          return decompressFastlz(Buffer.from(bytes), length).length === length;
        } catch (error) {
          return error instanceof CodecError;
        }
      }),
    );
  });
});
