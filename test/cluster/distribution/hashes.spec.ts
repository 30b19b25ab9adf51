import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import type { KeyHash } from '../../../lib/cluster/distribution/hash/hash.js';
import { md5, md5FirstWord } from '../../../lib/cluster/distribution/hash/md5.js';
import { murmur3Finish, murmur3State } from '../../../lib/cluster/distribution/hash/murmur.js';
import { HASH_NAMES, keyHash } from '../../../lib/cluster/distribution/hash/named.js';
import { sha1FirstWord } from '../../../lib/cluster/distribution/hash/sha1.js';
import { fnv1aInDoubles, java31 } from '../../../lib/cluster/distribution/hash/utf16.js';
import { KeyBytes, ofUtf8 } from '../../../lib/cluster/distribution/key-bytes.js';
import { anyText } from '../../support/any-text.js';

/** Strings of every kind: also longer than memcached's keys, and with unpaired surrogates. */
const anyKey = fc.oneof(
  fc.string({ maxLength: 300 }),
  anyText({ maxLength: 300 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
);

function digest(algorithm: string, key: string): Buffer {
  return createHash(algorithm).update(Buffer.from(key)).digest();
}

describe('KeyBytes', () => {
  it('holds the UTF-8 bytes of the key it loaded last', () => {
    const key = new KeyBytes();
    fc.assert(
      fc.property(anyKey, (text) => {
        key.load(text);
        expect(Buffer.from(key.bytes.subarray(0, key.length))).toEqual(Buffer.from(text));
      }),
    );
  });

  it('leaves room for a digest to pad any key', () => {
    const key = new KeyBytes();
    for (const text of ['', 'k'.repeat(250), 'k'.repeat(4000), 'é'.repeat(4000)]) {
      key.load(text);
      expect(key.bytes.length - key.length).toBeGreaterThanOrEqual(72);
      expect(key.view.buffer).toBe(key.bytes.buffer);
    }
  });
});

describe('md5', () => {
  it('is the MD5 of the key, whatever key was hashed before it', () => {
    const key = new KeyBytes();
    const words = new Int32Array(4);
    fc.assert(
      fc.property(anyKey, (text) => {
        key.load(text);
        md5(key, words);
        const expected = digest('md5', text);
        expect([...words]).toEqual([0, 4, 8, 12].map((offset) => expected.readInt32LE(offset)));
      }),
    );
  });

  it('pads keys of every length to whole blocks', () => {
    const hashOf = ofUtf8(md5FirstWord());
    for (let length = 0; length < 200; length += 1) {
      const text = 'x'.repeat(length);
      expect(hashOf(text)).toBe(digest('md5', text).readInt32LE(0));
    }
  });
});

describe('sha1', () => {
  it('is the start of the SHA-1 of the key', () => {
    const hashOf = ofUtf8(sha1FirstWord());
    for (let length = 0; length < 200; length += 1) {
      const text = 'x'.repeat(length);
      expect(hashOf(text)).toBe(digest('sha1', text).readInt32BE(0));
    }
    fc.assert(fc.property(anyKey, (text) => expect(hashOf(text)).toBe(digest('sha1', text).readInt32BE(0))));
  });
});

describe('the named hashes', () => {
  /** Values that each algorithm's own documentation or test suite gives. */
  it.each<[string, string, number]>([
    ['crc32a', '123456789', 0xcbf43926],
    ['crc', '123456789', 0x4bf4],
    ['crc32', '123456789', 0x4bf4],
    ['fnv1_32', 'foobar', 0x31f0b262],
    ['fnv1a_32', 'foobar', 0xbf9cf968],
    // The low halves of 0x340d8765a4dda9c2 and 0x85944171f73967e8.
    ['fnv1_64', 'foobar', 0xa4dda9c2],
    ['fnv1a_64', 'foobar', 0xf73967e8],
    ['one_at_a_time', 'a', 0xca2e9442],
    ['default', 'The quick brown fox jumps over the lazy dog', 0x519e91f5],
    ['md5', '', 0xd98c1dd4],
  ])('%s of %j', (hash, key, expected) => {
    expect(keyHash(hash as 'md5')(key) >>> 0).toBe(expected);
  });

  it('are signed 32-bit integers, which V8 need not allocate', () => {
    for (const name of HASH_NAMES) {
      const hashOf = keyHash(name);
      fc.assert(fc.property(anyKey, (key) => expect(hashOf(key)).toBe(hashOf(key) | 0)));
    }
  });

  it('do not remember the key before', () => {
    for (const name of HASH_NAMES) {
      const hashOf = keyHash(name);
      fc.assert(
        fc.property(anyKey, anyKey, (one, other) => {
          const expected = keyHash(name)(one);
          hashOf(other);
          expect(hashOf(one)).toBe(expected);
        }),
      );
    }
  });

  it('crc16 keeps all 32 bits of its accumulator', () => {
    expect(keyHash('crc16')('123456789') & 0xffff).toBe(0x31c3);
    expect(keyHash('crc16')('123456789') >>> 16).not.toBe(0);
  });

  it('a function of the user is taken as it is', () => {
    const own: KeyHash = (key) => key.length;
    expect(keyHash(own)).toBe(own);
  });
});

describe('MurmurHash3', () => {
  it('goes on from the state of whole words', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 20 }), (bytes, words) => {
        const whole = Math.min(words * 4, bytes.length & -4);
        const all = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        const rest = new DataView(bytes.slice(whole).buffer);
        const expected = murmur3Finish(all, bytes.length, 0, bytes.length);
        const state = murmur3State(all, whole, 0);
        expect(murmur3Finish(rest, bytes.length - whole, state, bytes.length)).toBe(expected);
      }),
    );
  });

  it('gives the published values', () => {
    const of = (text: string, seed: number): number => {
      const bytes = new Uint8Array(Buffer.from(text));
      return murmur3Finish(new DataView(bytes.buffer), bytes.length, seed, bytes.length) >>> 0;
    };
    expect(of('', 0)).toBe(0);
    expect(of('', 1)).toBe(0x514e28b7);
    expect(of('test', 0)).toBe(0xba6bd213);
    expect(of('Hello, world!', 0)).toBe(0xc0363e43);
    expect(of('The quick brown fox jumps over the lazy dog', 0x9747b28c)).toBe(0x2fa826cd);
  });
});

describe('hashes over UTF-16', () => {
  it('java31 is String.hashCode, down to its least value', () => {
    expect(java31('Hello')).toBe(69609650);
    expect(java31('polygenelubricants')).toBe(-(2 ** 31));
    expect(java31('é')).toBe(0xe9);
  });

  it('npm memcache loses the low bits of its FNV-1a', () => {
    expect(fnv1aInDoubles('') >>> 0).toBe(0x811c9dc5);
    expect(fnv1aInDoubles('user:1')).not.toBe(keyHash('fnv1a_32')('user:1'));
  });
});
