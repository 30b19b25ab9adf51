import { describe, expect, it } from '@jest/globals';
import { createDefaultCodec } from '../../../lib/client/codec/default-codec.js';
import { inBytes, type Encoded } from '../../../lib/client/codec/codec.js';

const codec = createDefaultCodec();

function stored(value: unknown): { text: string; flags: number } {
  const { data, flags } = inBytes(codec.encode(value, 'key') as Encoded);
  return { text: data.toString('latin1'), flags };
}

function read(text: string, flags: number): unknown {
  return codec.decode(Buffer.from(text, 'latin1'), flags, 'key');
}

describe('the bytes and flags of the default codec', () => {
  it.each<[string, unknown, string, number]>([
    ['text as UTF-8', 'h\u00e9llo', 'h\xc3\xa9llo', 16],
    ['an empty text as zero bytes', '', '', 16],
    ['a text that UTF-8 cannot carry as JSON', 'a\ud800', '"a\\ud800"', 48],
    ['a Buffer as it is', Buffer.from([0, 255]), '\x00\xff', 0],
    ['a whole number in digits', 42, '42', 2],
    ['a negative number in digits', -7, '-7', 2],
    ['a fraction as JSON', 3.5, '3.5', 48],
    ['a number past the safe integers as JSON', 2 ** 53, '9007199254740992', 48],
    ['a bigint in digits, with flags of its own', 42n, '42', 0x3_0002],
    ['true as JSON', true, 'true', 48],
    ['null as JSON', null, 'null', 48],
    ['a plain object as JSON', { a: [1, 'x'] }, '{"a":[1,"x"]}', 48],
  ])('stores %s', (_, value, text, flags) => {
    expect(stored(value)).toEqual({ text, flags });
    expect(read(text, flags)).toStrictEqual(value);
  });
});

describe('reading whole numbers', () => {
  it('takes the blanks that decr leaves behind', () => {
    expect(read('99 ', 2)).toBe(99);
    expect(read('99   ', 0x3_0002)).toBe(99n);
  });

  it('gives a bigint where a number would not be exact', () => {
    expect(read('9007199254740991', 2)).toBe(9007199254740991);
    expect(read('9007199254740993', 2)).toBe(9007199254740993n);
    expect(read('1180591620717411303424', 2)).toBe(1180591620717411303424n);
  });

  it.each(['', '-', ' ', '1x', '+1', '1.5', '{"a":1}', '0x1234567890123456789'])('refuses %j', (text) => {
    expect(() => read(text, 2)).toThrow('not a whole number');
  });
});
