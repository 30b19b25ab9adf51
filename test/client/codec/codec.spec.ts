import { describe, expect, it } from '@jest/globals';
import { dataBlockOf, inBytes } from '../../../lib/client/codec/codec.js';

describe('what a codec has made', () => {
  it.each([
    ['ASCII', 'a\r\nb', 'a\r\nb'],
    ['no text at all', '', ''],
    ['a letter of Latin-1, which UTF-8 has two bytes for', 'caf\u00e9', Buffer.from('caf\xc3\xa9', 'latin1')],
    ['a letter beyond that', '\u20ac', Buffer.from('\xe2\x82\xac', 'latin1')],
  ])('goes on its way as UTF-8: %s', (_, text, block) => {
    expect(dataBlockOf({ data: text, flags: 16 })).toStrictEqual(block);
    expect(inBytes({ data: text, flags: 16 })).toStrictEqual({ data: Buffer.from(block), flags: 16 });
  });

  it('goes as it is where it is bytes', () => {
    const data = Buffer.of(0xff, 0);
    expect(dataBlockOf({ data, flags: 0 })).toBe(data);
    expect(inBytes({ data, flags: 0 }).data).toBe(data);
  });
});
