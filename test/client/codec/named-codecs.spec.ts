import { describe, expect, it } from '@jest/globals';
import { inBytes, type Encoded } from '../../../lib/client/codec/codec.js';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { CodecError } from '../../../lib/errors.js';
import { readCodec, type CodecName } from '../../../lib/options/codec-options.js';

const codecOf = (name: CodecName) => createCodec(readCodec(name, 'codec'));

function stored(name: CodecName, value: unknown): [string, number] {
  const { data, flags } = inBytes(codecOf(name).encode(value, 'key') as Encoded);
  return [data.toString('latin1'), flags];
}

describe("the codec 'json'", () => {
  it('is JSON.stringify, with what that loses', () => {
    expect(stored('json', 'text')).toEqual(['"text"', 48]);
    expect(stored('json', { at: new Date(0), gone: undefined })).toEqual([
      '{"at":"1970-01-01T00:00:00.000Z"}',
      48,
    ]);
  });

  it.each([0, 2, 6, 16, 48, 0xabcd_0006])('reads JSON under flags %p', (flags) => {
    expect(codecOf('json').decode(Buffer.from('{"a":[1]} '), flags, 'key')).toEqual({ a: [1] });
  });

  it.each([0x1_0000, 0x2_0000, 0x4_0000, 0x40_0000])(
    'does not take our own other forms (%p) for JSON',
    (flags) => {
      expect(() => codecOf('json').decode(Buffer.from('["~u"]'), flags, 'key')).toThrow(
        'not known to the codec',
      );
    },
  );

  it.each([[undefined], [() => 1], [Symbol('s')], [1n]])('has no form for %p', (value) => {
    expect(() => stored('json', value)).toThrow(CodecError);
  });

  it('keeps the reason of a value that contains itself', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(() => stored('json', cyclic)).toThrow('no form in JSON');
  });

  it('does not quote what is not JSON', () => {
    let error: unknown;
    try {
      codecOf('json').decode(Buffer.from('hunter2'), 48, 'key');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toEqual(new CodecError('the stored bytes are not JSON'));
    expect((error as Error).cause).toBeUndefined();
  });
});

describe("the codec 'raw'", () => {
  it('stores text and bytes as they are', () => {
    expect(stored('raw', 'h\u00e9')).toEqual(['h\xc3\xa9', 0]);
    expect(stored('raw', Buffer.of(0xff))).toEqual(['\xff', 0]);
    expect(stored('raw', Uint8Array.of(1, 2, 3).subarray(1))).toEqual(['\x02\x03', 0]);
  });

  it.each([0, 16, 24, 0x10_0000, 0xffff_ffff])('gives back a copy of the bytes under flags %p', (flags) => {
    const view = Buffer.from('abc');
    const read = codecOf('raw').decode(view, flags, 'key');
    view.fill(0);
    expect(read).toEqual(Buffer.from('abc'));
  });

  it('has no form for anything else', () => {
    expect(() => stored('raw', 1)).toThrow("'raw' stores nothing but text and bytes");
  });
});

describe("the codec 'v8'", () => {
  it('reads a counter, which only bare digits can be', () => {
    const read = (text: string): unknown => codecOf('v8').decode(Buffer.from(text), 0, 'key');
    expect(['10', '9 ', '18446744073709551615'].map(read)).toEqual([10, 9, 18446744073709551615n]);
    expect(() => read('x')).toThrow('not known');
  });

  it('carries what structured clone carries', () => {
    const value = { map: new Map([[1, new Date(0)]]), bytes: new Uint8Array(2), list: [undefined] };
    const { data, flags } = inBytes(codecOf('v8').encode(value, 'key') as Encoded);
    expect(flags).toBe(0x4_0000);
    expect(codecOf('v8').decode(data, flags, 'key')).toEqual(value);
    expect(() => codecOf('default').decode(data, flags, 'key')).toThrow("a value of codec 'v8'");
  });

  it('refuses a function without quoting it', () => {
    expect(() => stored('v8', () => 'hunter2')).toThrow('the value holds something that V8 cannot serialize');
  });

  it('refuses bytes and flags of others', () => {
    expect(() => codecOf('v8').decode(Buffer.from('x'), 48, 'key')).toThrow('not known');
    expect(() => codecOf('v8').decode(Buffer.from('x'), 0x4_0000, 'key')).toThrow('not what V8 writes');
  });
});

describe('flags that a codec does not know', () => {
  it.each<[CodecName, number, string]>([
    ['default', 1, "a pickle of a Python client (never read), or a value of Dalli (codec 'dalli'), or"],
    ['default', 80, "a value of php-memcached (codec 'php')"],
    ['default', 512, "a value of spymemcached (codec 'spymemcached')"],
    ['default', 0x40_0000, 'a sealed value'],
    ['default', 0x80_0000, 'an entry of the cache'],
    ['default', 0x109, 'EnyimMemcached'],
    ['python', 0x1_0000, "a value of codec 'default'"],
    ['default', 0xdead_beef, 'no client we know of uses them'],
  ])('the codec %s says of %p who may have written them', (name, flags, hint) => {
    expect(() => codecOf(name).decode(Buffer.from('x'), flags, 'key')).toThrow(hint);
  });
});

describe('a codec of the user', () => {
  it('is used as it is', () => {
    const own = { encode: () => ({ data: Buffer.from('x'), flags: 7 }), decode: () => 'y' };
    expect(createCodec(readCodec(own, 'codec'))).toBe(own);
    expect(createCodec(readCodec({ type: own }, 'codec'))).toBe(own);
  });
});
