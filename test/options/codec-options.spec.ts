import { getHeapStatistics } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors.js';
import { readCodec } from '../../lib/options/codec-options.js';

class Product {}
const key = { id: 'a', key: 'ab'.repeat(32) };

describe('the option codec', () => {
  it('is the default codec, uncompressed and unsealed, if nothing is said', () => {
    expect(readCodec(undefined, 'codec')).toEqual({
      type: 'default',
      classInstances: 'refuse',
      types: {},
      classTransformer: undefined,
      compressOverBytes: Infinity,
      compression: 'zlib',
      maxDecompressedBytes: 32 * 1024 * 1024,
      maxNodes: 2 ** 19,
      maxDepth: 500,
      maxDigits: 4096,
      maxReadBytes: Math.floor(getHeapStatistics().heap_size_limit / 8),
      maxReadNodes: Math.floor(getHeapStatistics().heap_size_limit / 256),
      seal: undefined,
    });
  });

  it('takes a name, settings, or a codec', () => {
    const own = { encode: () => ({ data: Buffer.alloc(0), flags: 1 }), decode: () => 1 };
    expect(readCodec('php', 'codec').type).toBe('php');
    expect(readCodec({ type: 'php' }, 'codec').type).toBe('php');
    expect(readCodec(own, 'codec').type).toBe(own);
    expect(readCodec({ type: own, compressOverBytes: 0 }, 'codec')).toMatchObject({
      type: own,
      compressOverBytes: 0,
    });
  });

  it('takes classes bare or with their ways', () => {
    const revive = (): Product => new Product();
    const { types } = readCodec({ types: { Product, Old: { class: class Old {}, revive } } }, 'codec');
    expect(types.Product).toEqual({ class: Product });
    expect(types.Old).toMatchObject({ revive });
  });

  it('takes keys as bytes, hexadecimal digits or base64', () => {
    const bytes = Buffer.alloc(32, 0xab);
    const keys = [bytes, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')];
    const { seal } = readCodec(
      { seal: { keys: keys.map((given, index) => ({ id: `k${index}`, key: given })) } },
      'codec',
    );
    expect(seal?.keys.map(({ id }) => id)).toEqual(['k0', 'k1', 'k2', 'k3']);
    for (const sealKey of seal?.keys ?? []) expect(sealKey.reveal((revealed) => revealed)).toEqual(bytes);
  });

  it.each<[string, unknown, string]>([
    ['a name misspelt', 'phyton', "codec: expected one of 'default'"],
    [
      'a setting misspelt',
      { compresOverBytes: 1 },
      "codec.compresOverBytes: unknown option; did you mean 'compressOverBytes'?",
    ],
    [
      'a type misspelt',
      { type: 'dali' },
      "codec.type: expected one of 'default', 'json', 'raw', 'v8', 'python', 'php', 'dalli'",
    ],
    [
      'a threshold below 0',
      { compressOverBytes: -1 },
      'codec.compressOverBytes: expected a whole number of at least 0',
    ],
    ['an unknown compression', { compression: 'gzip' }, 'codec.compression: expected one of'],
    [
      'a limit of 0',
      { maxDecompressedBytes: 0 },
      'codec.maxDecompressedBytes: expected a whole number of at least 1',
    ],
    [
      'types that are a list',
      { types: [Product] },
      'codec.types: expected an object such as { Product }, got',
    ],
    ['a type that is no class', { types: { Product: () => 1 } }, 'codec.types.Product: expected an object'],
    [
      'a type without its class',
      { types: { Product: { class: 1 } } },
      'codec.types.Product.class: expected a class',
    ],
    [
      'a class under two names',
      { types: { A: Product, B: Product } },
      "codec.types.B: is the class named 'A' already",
    ],
    [
      'toPlain without revive',
      { types: { P: { class: Product, toPlain: () => 1 } } },
      'codec.types.P.revive: toPlain needs',
    ],
    [
      'half a class-transformer',
      { classTransformer: { instanceToPlain: () => 1 } },
      'codec.classTransformer: expected the package',
    ],
    [
      'types for another codec',
      { type: 'json', types: { Product } },
      "codec.types: is a setting of the codec 'default' alone",
    ],
    [
      'compression that a client cannot read',
      { type: 'memjs', compressOverBytes: 1 },
      'codec.compressOverBytes',
    ],
    [
      'brotli for PHP',
      { type: 'php', compressOverBytes: 1, compression: 'brotli' },
      "codec.compression: 'php' reads nothing but zlib",
    ],
    [
      'a seal for Python',
      { type: 'python', seal: { keys: [key] } },
      'codec.seal: what is sealed cannot be read',
    ],
    ['no keys', { seal: { keys: [] } }, 'codec.seal.keys: expected a list of at least one key'],
    ['two keys of one id', { seal: { keys: [key, key] } }, "codec.seal.keys[1].id: two keys have the id 'a'"],
    [
      'an id with a blank',
      { seal: { keys: [{ ...key, id: 'a b' }] } },
      'codec.seal.keys[0].id: expected 1 to 32 letters',
    ],
    ['a key that is no object', { seal: { keys: ['abab'] } }, 'codec.seal.keys[0]: expected an object'],
    [
      'something beside id and key',
      { seal: { keys: [{ ...key, abab: 1 }] } },
      'codec.seal.keys[0]: known are id and key',
    ],
    [
      'a password for a key',
      { seal: { keys: [{ id: 'a', key: 'abab' }] } },
      'codec.seal.keys[0].key: expected 64 hexadecimal',
    ],
    [
      'too short a key',
      { seal: { keys: [{ id: 'a', key: Buffer.alloc(16) }] } },
      'codec.seal.keys[0].key: expected 32 bytes, got 16',
    ],
    ['no key', { seal: { keys: [{ id: 'a' }] } }, 'codec.seal.keys[0].key: expected 32 bytes, as a'],
  ])('refuses %s', (_, option, message) => {
    let error: unknown;
    try {
      readCodec(option, 'codec');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('abab');
  });
});
