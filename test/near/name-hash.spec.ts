import { describe, expect, it } from '@jest/globals';
import { NameHash } from '../../lib/near/name-hash.js';

/** Of the paper's test vectors, those of messages with an even number of bytes: 0, 1, 2 … under the key 0, 1, … 15. */
const VECTORS: Record<number, string> = {
  0: '310e0edd47db6f72',
  2: '5a4fa9d909806c0d',
  4: 'b7877127e09427cf',
  6: 'cee3fe586e46c9cb',
  8: '6224939a79f5f593',
};

describe('the hash of names', () => {
  it.each(Object.entries(VECTORS))('is SipHash-2-4: %s bytes', (bytes, expected) => {
    const hash = new NameHash(Uint8Array.from({ length: 16 }, (_, index) => index));
    const units = Array.from({ length: Number(bytes) / 2 }, (_, index) => index * 2 + ((index * 2 + 1) << 8));
    hash.update(String.fromCharCode(...units));
    const result = Buffer.alloc(8);
    result.writeInt32LE(hash.low, 0);
    result.writeInt32LE(hash.high, 4);
    expect(result.toString('hex')).toBe(expected);
  });

  it('is another under another key', () => {
    const [one, two] = [1, 2].map((fill) => new NameHash(new Uint8Array(16).fill(fill)));
    one.update('product:7');
    two.update('product:7');
    expect([one.low, one.high]).not.toEqual([two.low, two.high]);
  });
});
