import { brotliCompressSync, deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { inBytes, type Codec, type Encoded } from '../../../lib/client/codec/codec.js';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { CodecError, InvalidOptionsError } from '../../../lib/errors.js';
import { readCodec, type CodecOption } from '../../../lib/options/codec-options.js';

const codecOf = (option: CodecOption): Codec => createCodec(readCodec(option, 'codec'));

const text = 'all work and no play '.repeat(200);
const nodeHasZstd = 'zstdCompress' in (await import('node:zlib'));
const algorithms = nodeHasZstd ? (['zlib', 'brotli', 'zstd'] as const) : (['zlib', 'brotli'] as const);

/** What a store does with a read: the codec gets a view, and the bytes are another's when the call has returned. */
function decodeFrom(codec: Codec, { data, flags }: Encoded): unknown {
  const socketBuffer = Buffer.from(data);
  const read = codec.decode(socketBuffer, flags, 'key');
  socketBuffer.fill(0);
  return read;
}

describe.each(algorithms)('compression by %s', (compression) => {
  const codec = codecOf({ compressOverBytes: 1000, compression });

  it.each<[string, unknown]>([
    ['text', text],
    ['JSON', { list: Array.from({ length: 300 }, () => ({ name: 'x' })) }],
    ['bytes', Buffer.alloc(5000, 7)],
    ['what needs tags', new Map([[text, new Date(0)]])],
  ])('makes %s smaller, and gives it back', async (_, value) => {
    const encoded = await codec.encode(value, 'key');
    expect(encoded.data.length).toBeLessThan(600);
    await expect(decodeFrom(codec, encoded)).resolves.toStrictEqual(value);
  });

  it('says that something was appended, rather than leave it out', async () => {
    const { data, flags } = inBytes(await codec.encode(text, 'key'));
    const appended = { data: Buffer.concat([data, Buffer.from('NEW')]), flags };
    await expect(decodeFrom(codec, appended)).rejects.toThrow(CodecError);
  });

  it('stores nothing that is too large to be read', async () => {
    const bounded = codecOf({ compressOverBytes: 1000, compression, maxDecompressedBytes: 4000 });
    await expect(bounded.encode('a'.repeat(4001), 'key')).rejects.toThrow('codec.maxDecompressedBytes');
    const largest = 'a'.repeat(4000);
    await expect(decodeFrom(bounded, await bounded.encode(largest, 'key'))).resolves.toBe(largest);
  });

  it('is read by every default codec, whatever its own settings', async () => {
    const encoded = await codec.encode(text, 'key');
    await expect(decodeFrom(codecOf('default'), encoded)).resolves.toBe(text);
  });

  it('wraps a codec of the user, flags and all', async () => {
    const own: Codec = {
      encode: (value) => ({ data: Buffer.from(value as string), flags: 0xffff_ffff }),
      decode: (data, flags) => `${flags}:${data.toString()}`,
    };
    const around = codecOf({ type: own, compressOverBytes: 10, compression });
    const encoded = await around.encode(text, 'key');
    expect(encoded.data.length).toBeLessThan(100);
    await expect(decodeFrom(around, encoded)).resolves.toBe(`4294967295:${text}`);
  });

  it.each(['json', 'v8', 'raw'] as const)('goes around the codec %s', async (type) => {
    const around = codecOf({ type, compressOverBytes: 10, compression });
    const encoded = await around.encode(text, 'key');
    expect(encoded.data.length).toBeLessThan(200);
    await expect(decodeFrom(around, encoded)).resolves.toEqual(type === 'raw' ? Buffer.from(text) : text);
  });
});

describe('compression', () => {
  it('is asynchronous only where it happens', () => {
    const codec = codecOf({ compressOverBytes: 1000 });
    const small = codec.encode('x'.repeat(1000), 'key');
    expect(small).toEqual({ data: 'x'.repeat(1000), flags: 16 });
    expect(codec.decode(inBytes(small as Encoded).data, 16, 'key')).toBe('x'.repeat(1000));
    expect(codec.encode('x'.repeat(1001), 'key')).toBeInstanceOf(Promise);
  });

  it('is dropped where it makes nothing smaller', async () => {
    const noise = Buffer.from(deflateSync(Buffer.from(text)));
    await expect(codecOf({ compressOverBytes: 0 }).encode(noise, 'key')).resolves.toEqual({
      data: noise,
      flags: 0,
    });
  });

  it('marks zlib as Python does, so that its clients read text and JSON', async () => {
    const codec = codecOf({ compressOverBytes: 0 });
    for (const [value, flags] of [
      [text, 24],
      [[text], 56],
      [Buffer.from(text), 8],
    ] as const) {
      await expect(codec.encode(value, 'key')).resolves.toHaveProperty('flags', flags);
    }
  });

  it.each(['zlib', 'brotli'] as const)('stops at a bomb of %s', async (compression) => {
    const zeros = Buffer.alloc(2 * 1024 * 1024);
    const bomb: Encoded =
      compression === 'zlib'
        ? { data: deflateSync(zeros), flags: 8 }
        : { data: Buffer.concat([Buffer.alloc(4), brotliCompressSync(zeros)]), flags: 0x20_0000 };
    expect(bomb.data.length).toBeLessThan(5000);
    await expect(decodeFrom(codecOf({ maxDecompressedBytes: zeros.length - 1 }), bomb)).rejects.toThrow(
      'more than 2097151 bytes',
    );
    const patient = codecOf({ maxDecompressedBytes: zeros.length });
    await expect(decodeFrom(patient, bomb)).resolves.toHaveLength(zeros.length);
  });

  it.each<[string, Buffer, number]>([
    ['a stream cut short', deflateSync(Buffer.from(text)).subarray(0, 20), 24],
    ['bytes that are no stream', Buffer.from('hello'), 24],
    ['no bytes', Buffer.alloc(0), 24],
    ['wrapped bytes that are no stream', Buffer.from('hello hello'), 0x20_0000],
    ['too few bytes for a wrapping', Buffer.from('abc'), 0x10_0000],
    ['zstd that is none, or that this Node lacks', Buffer.from('hello hello'), 0x30_0000],
  ])('refuses %s', async (_, data, flags) => {
    await expect(decodeFrom(codecOf('default'), { data, flags })).rejects.toThrow(CodecError);
  });

  it('by zstd is there in a Node that has it, and refused at construction in one that has not', () => {
    const make = (): Codec => codecOf({ compressOverBytes: 0, compression: 'zstd' });
    if (nodeHasZstd) expect(make).not.toThrow();
    else
      expect(make).toThrow(
        new InvalidOptionsError(
          'codec.compression',
          `'zstd' needs Node 22.15 or 23.8, this is ${process.version}`,
        ),
      );
  });

  it('waits for a codec of the user that is asynchronous itself', async () => {
    const own: Codec = {
      encode: async (value) => ({ data: Buffer.from(value as string), flags: 1 }),
      decode: async (data) => data.toString(),
    };
    const codec = codecOf({ type: own, compressOverBytes: 100 });
    for (const value of [text, 'short']) {
      await expect(decodeFrom(codec, await codec.encode(value, 'key'))).resolves.toBe(value);
    }
  });
});
