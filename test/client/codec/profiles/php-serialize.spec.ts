import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assert as assertProperty } from 'fast-check';
import { Bounds } from '../../../../lib/client/codec/bounds.js';
import { unserializePhp } from '../../../../lib/client/codec/profiles/php-serialize.js';
import { CodecError } from '../../../../lib/errors.js';
import { DEFAULT_BOUNDS } from '../../../../lib/options/codec-options.js';

const read = (text: string): unknown =>
  unserializePhp(Buffer.from(text, 'latin1'), new Bounds(DEFAULT_BOUNDS));

describe("PHP's serialize()", () => {
  it.each<[string, unknown]>([
    ['N;', null],
    ['b:1;', true],
    ['b:0;', false],
    ['i:-42;', -42],
    ['i:9223372036854775807;', 9223372036854775807n],
    ['d:0.5;', 0.5],
    ['d:1.0E+25;', 1e25],
    ['d:-INF;', -Infinity],
    ['d:NAN;', Number.NaN],
    ['d:-0;', -0],
    ['s:6:"h\xc3\xa9llo";', 'h\u00e9llo'],
    ['s:4:"a";b";', 'a";b'],
    ['s:2:"\xff\x00";', Buffer.of(255, 0)],
    ['a:0:{}', []],
    ['a:2:{i:0;i:1;i:1;s:1:"x";}', [1, 'x']],
    ['a:2:{i:1;i:1;i:0;i:2;}', { 0: 2, 1: 1 }],
    ['a:2:{s:1:"a";a:1:{s:1:"b";N;}i:5;b:1;}', { a: { b: null }, 5: true }],
  ])('reads %s', (text, value) => {
    expect(read(text)).toStrictEqual(value);
  });

  it('takes __proto__ for a name like any other', () => {
    const value = read('a:1:{s:9:"__proto__";a:1:{s:1:"x";i:1;}}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
  });

  it.each([
    ['O:8:"stdClass":0:{}', 'an object or a reference'],
    ['C:3:"Foo":1:{x}', 'an object or a reference'],
    ['E:5:"A:One";', 'an object or a reference'],
    ['a:2:{i:0;i:1;i:1;R:2;}', 'an object or a reference'],
    [`${'a:1:{i:0;'.repeat(501)}N;${'}'.repeat(501)}`, 'nested more than 500 deep'],
    ['', 'not what PHP'],
    ['i:1', 'not what PHP'],
    ['i:x;', 'not what PHP'],
    ['i:1;i:2;', 'not what PHP'],
    ['d:1.5x;', 'not what PHP'],
    ['s:9:"short";', 'not what PHP'],
    ['s:-10:"abc";', 'not what PHP'],
    ['s:3:"abc', 'not what PHP'],
    ['a:x:{}', 'not what PHP'],
    ['a:1:{N;i:1;}', 'not what PHP'],
    ['a:9:{i:0;i:1;}', 'not what PHP'],
    ['x:1;', 'not what PHP'],
  ])('refuses %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('ends with a value or a CodecError, whatever the bytes', () => {
    const piece = fc.constantFrom(
      'a:2:{',
      's:3:"',
      'i:1;',
      'N;',
      '}',
      '"',
      ';',
      ':',
      '-1',
      '9',
      'd:1',
      'b:0;',
    );
    assertProperty(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          return read(pieces.join('')) !== undefined;
        } catch (error) {
          return error instanceof CodecError;
        }
      }),
    );
  });
});
