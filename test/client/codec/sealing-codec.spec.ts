import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assert as assertProperty } from 'fast-check';
import { inBytes, type Codec, type Encoded, type Stored } from '../../../lib/client/codec/codec.js';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { CodecError } from '../../../lib/errors.js';
import { readCodec, type CodecOptions } from '../../../lib/options/codec-options.js';

const KEY_1 = { id: '2026-01', key: 'ab'.repeat(32) };
const KEY_2 = { id: '2026-02', key: randomBytes(32) };

const codecOf = (options: CodecOptions): Codec => createCodec(readCodec(options, 'codec'));
const sealing = codecOf({ seal: { keys: [KEY_1] } });

function seal(codec: Codec, value: unknown, key = 'user:1'): Stored {
  return inBytes(codec.encode(value, key) as Encoded);
}

function open(codec: Codec, { data, flags }: Stored, key = 'user:1'): unknown {
  const socketBuffer = Buffer.from(data);
  const value = codec.decode(socketBuffer, flags, key);
  socketBuffer.fill(0);
  return value;
}

describe('a sealed value', () => {
  it.each<[string, unknown]>([
    ['text', 'secret'],
    ['nothing', ''],
    ['a number', 42],
    ['bytes', Buffer.from('secret')],
    ['no bytes', Buffer.alloc(0)],
    ['an object', { at: new Date(0), list: [1] }],
  ])('opens again: %s', (_, value) => {
    expect(open(sealing, seal(sealing, value))).toStrictEqual(value);
  });

  it('is opened by another process with the same key', () => {
    expect(open(codecOf({ seal: { keys: [KEY_1] } }), seal(sealing, 'secret'))).toBe('secret');
  });

  it('shows neither content nor flags', () => {
    const one = seal(sealing, 'secret');
    expect(one.data.includes('secret')).toBe(false);
    expect(one.flags).toBe(seal(sealing, { a: 1 }).flags);
    expect(seal(sealing, 'secret').data.equals(one.data)).toBe(false);
  });

  it('does not open under another key of the cache', () => {
    expect(() => open(sealing, seal(sealing, 'secret', 'user:1'), 'user:2')).toThrow(
      'moved from another key',
    );
  });

  it('does not open with any bit changed, or a part missing', () => {
    const { data, flags } = seal(sealing, 'secret');
    for (let bit = 0; bit < data.length * 8; bit += 1) {
      const changed = Buffer.from(data);
      changed[bit >> 3] ^= 1 << (bit & 7);
      expect(() => open(sealing, { data: changed, flags })).toThrow(CodecError);
    }
    for (let length = 0; length < data.length; length += 1) {
      expect(() => open(sealing, { data: data.subarray(0, length), flags })).toThrow(CodecError);
    }
  });

  it('is an error or nothing else whatever the bytes', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        if (bytes.length > 1) [bytes[0], bytes[1]] = [1, bytes[1] % 40];
        expect(() => open(sealing, { data: Buffer.from(bytes), flags: 0x40_0000 })).toThrow(CodecError);
      }),
    );
  });

  it('is compressed before it is sealed', async () => {
    const codec = codecOf({ compressOverBytes: 100, seal: { keys: [KEY_1] } });
    const text = 'all work and no play '.repeat(200);
    const encoded = inBytes(await codec.encode(text, 'user:1'));
    expect(encoded.data.length).toBeLessThan(300);
    await expect(open(codec, encoded)).resolves.toBe(text);
  });
});

describe('keys that change', () => {
  it('open what older ones sealed, and seal with the first', () => {
    const rotated = codecOf({ seal: { keys: [KEY_2, KEY_1] } });
    expect(open(rotated, seal(sealing, 'old'))).toBe('old');
    expect(() => open(sealing, seal(rotated, 'new'))).toThrow('a key that codec.seal.keys does not have');
    expect(open(codecOf({ seal: { keys: [KEY_2] } }), seal(rotated, 'new'))).toBe('new');
  });

  it('do not open what another key of the same id sealed', () => {
    const other = codecOf({ seal: { keys: [{ ...KEY_1, key: KEY_2.key }] } });
    expect(() => open(other, seal(sealing, 'secret'))).toThrow('the seal is broken');
  });

  it('open the values of more processes than keys are kept for', () => {
    const values = Array.from({ length: 300 }, (_, index) =>
      seal(codecOf({ seal: { keys: [KEY_1] } }), index),
    );
    for (const round of [values, values.toReversed()]) {
      expect(round.map((value) => open(sealing, value))).toEqual(round.map((value) => values.indexOf(value)));
    }
  });
});

describe('a value that is not sealed', () => {
  const plain: Stored = { data: Buffer.from('forged'), flags: 16 };

  it('is refused', () => {
    expect(() => open(sealing, plain)).toThrow('the value is not sealed');
  });

  it('is read while acceptUnsealed says so', () => {
    expect(open(codecOf({ seal: { keys: [KEY_1], acceptUnsealed: true } }), plain)).toBe('forged');
  });

  it('does not read a sealed one without the option, but says what it is', () => {
    expect(() => open(codecOf({}), seal(sealing, 'secret'))).toThrow('a sealed value (codec.seal opens it)');
  });
});

describe("the seal's keys", () => {
  it('show in no inspection, JSON or error', () => {
    const options = readCodec({ seal: { keys: [KEY_1, KEY_2] } }, 'codec');
    const shown = [options, sealing, createCodec(options)].flatMap((object) => [
      inspect(object, { depth: 20, showHidden: true }),
      JSON.stringify(object),
    ]);
    let message = '';
    try {
      open(sealing, { data: seal(sealing, 1).data, flags: 0x40_0000 }, 'elsewhere');
    } catch (error) {
      message = inspect(error, { depth: 20, showHidden: true });
    }
    expect(message).toContain('the seal is broken');
    for (const text of [...shown, message]) {
      expect(text).not.toContain('abab');
      expect(text).not.toContain(inspect(KEY_2.key).slice(8, 30));
    }
  });
});
