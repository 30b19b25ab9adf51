import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createPlacement } from '../../../lib/cluster/distribution/distribution.js';
import { murmur3Finish } from '../../../lib/cluster/distribution/hash/murmur.js';
import { anyText } from '../../support/any-text.js';

const servers = [11211, 1, 22, 333, 4444, 55555].map((port) => ({ host: 'node', port, weight: 1 }));

/** The rule as it is told, without any of the shortcuts: the highest score of `host:port-key`. */
function winnerOf(key: string): number {
  const low = Uint8Array.from(key, (char) => (char.codePointAt(0) as number) & 0xff);
  const scores = servers.map(({ host, port }) => {
    const bytes = new Uint8Array([...Buffer.from(`${host}:${port}-`), ...low]);
    return murmur3Finish(new DataView(bytes.buffer), bytes.length, 0, bytes.length) >>> 0;
  });
  return scores.indexOf(Math.max(...scores));
}

describe('rendezvous', () => {
  it('picks the server with the highest score for keys of every length and script', () => {
    const placement = createPlacement('rendezvous', servers);
    const key = fc.oneof(fc.string({ maxLength: 300 }), anyText({ maxLength: 600 }));
    fc.assert(fc.property(key, (text) => expect(placement.indexFor(text)).toBe(winnerOf(text))));
    for (let length = 240; length < 600; length += 1) {
      const text = 'é'.repeat(length);
      expect(placement.indexFor(text)).toBe(winnerOf(text));
    }
  });

  it('sees eight bits of each character, so that keys that differ above them stay together', () => {
    const placement = createPlacement('rendezvous', servers);
    expect(placement.indexFor('\u{1f411}:1')).toBe(placement.indexFor('\u0011:1'));
    expect(placement.indexFor('\u0411:1')).toBe(placement.indexFor('\u0011:1'));
  });

  it('gives a key for which two names score the same to the greater name', () => {
    const twins = ['a\u0141', 'a\u0241', 'a\u0041'].map((name) => ({ host: 'h', port: 1, weight: 1, name }));
    const placement = createPlacement('rendezvous', twins);
    for (const key of ['one', 'two', 'three']) {
      expect(placement.indexFor(key)).toBe(1);
      expect(placement.indexWithout(key, (index) => index === 1)).toBe(0);
    }
  });

  it.each([
    ['user:1', "b'user:1'"],
    ["it's", `b"it's"`],
    [`"it's"`, `b'"it\\'s"'`],
    ['say "hi"', `b'say "hi"'`],
    ['a\\b', String.raw`b'a\\b'`],
    ['café', String.raw`b'caf\xc3\xa9'`],
    ['\t\n\r\u0001\u007f', String.raw`b'\t\n\r\x01\x7f'`],
  ])('places the bytes of %j as Python writes them, %s', (key, written) => {
    const many = Array.from({ length: 200 }, (_, index) => ({ host: `n${index}`, port: 11211, weight: 1 }));
    const ofBytes = createPlacement({ type: 'rendezvous', bytesKeys: true }, many);
    const ofText = createPlacement('rendezvous', many);
    expect(ofBytes.indexFor(key)).toBe(ofText.indexFor(written));
    expect(ofBytes.indexFor(key)).not.toBe(ofText.indexFor(key));
  });
});
