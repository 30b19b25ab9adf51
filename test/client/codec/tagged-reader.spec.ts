import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assert as assertProperty } from 'fast-check';
import { Bounds } from '../../../lib/client/codec/bounds.js';
import { inBytes } from '../../../lib/client/codec/codec.js';
import { ClassTypes } from '../../../lib/client/codec/class-types.js';
import { decodeTagged } from '../../../lib/client/codec/tagged-reader.js';
import { encodeTagged, type TaggedOptions } from '../../../lib/client/codec/tagged-writer.js';
import { CodecError } from '../../../lib/errors.js';
import { DEFAULT_BOUNDS } from '../../../lib/options/codec-options.js';

const settings: TaggedOptions = {
  types: new ClassTypes({}, undefined),
  classInstances: 'refuse',
  bounds: new Bounds(DEFAULT_BOUNDS),
};
const read = (json: string): unknown => decodeTagged(Buffer.from(json), false, settings);

function withBytes(json: string, bytes: Buffer): Buffer {
  const text = Buffer.from(json);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, bytes]);
}

describe('reading the tagged form', () => {
  it.each([
    ['an unknown tag', '"~x"'],
    ['an unknown collection', '["~#Z"]'],
    ['a collection tag out of its place', '[1,"~#M"]'],
    ['a reference to nothing', '["~r7"]'],
    ['a reference that is no number', '["~rx"]'],
    ['a reference to a property of the list', '["~rlength"]'],
    ['a bigint without digits', '"~gx"'],
    ['a pattern that is none', '["~#R","(","",0]'],
    ['an unknown error', '["~#E","constructor",{},{}]'],
    ['an error without properties', '["~#E","Error"]'],
    ['an unknown kind of bytes', '["~#B","toString",0]'],
    ['bytes that are not there', '["~#B","Buffer",1]'],
    ['a negative length', '["~#B","Buffer",-1]'],
    ['a length that is none', '["~#B","Buffer","x"]'],
    ['an array that is too long', '["~#A",4294967296,{}]'],
    ['an array of half an element', '["~#A",0.5,{}]'],
    ['a class nobody named', '["~#I","Product",{}]'],
    ['a class without a name', '["~#I"]'],
    ['nesting without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['what is not JSON', '{'],
  ])('refuses %s', (_, json) => {
    expect(() => read(json)).toThrow(CodecError);
  });

  it('refuses bytes that are cut anywhere', () => {
    const { data } = inBytes(encodeTagged([Buffer.from('abc'), new Float64Array(2)], settings));
    for (let length = 0; length < data.length; length += 1) {
      expect(() => decodeTagged(data.subarray(0, length), true, settings)).toThrow(CodecError);
    }
  });

  it('refuses a typed array of a fraction of an element', () => {
    expect(() =>
      decodeTagged(withBytes('["~#B","Float64Array",3]', Buffer.alloc(3)), true, settings),
    ).toThrow(CodecError);
  });

  it('reads each byte once, however many tags there are', () => {
    const tags = `[${Array(1000).fill('["~#B","Buffer",1000]').join()}]`;
    expect(() => decodeTagged(withBytes(tags, Buffer.alloc(1000)), true, settings)).toThrow(CodecError);
  });

  it('makes no room for the holes of an array', () => {
    const before = process.memoryUsage().rss;
    const arrays = read(`[${Array(100).fill('["~#A",5000,{}]').join()}]`) as unknown[][];
    expect(arrays[99]).toHaveLength(5000);
    expect(() => read(`[${Array(200).fill('["~#A",5000,{}]').join()}]`)).toThrow('codec.maxNodes');
    expect(() => read('["~#A",4294967295,{}]')).toThrow('codec.maxNodes');
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('touches no prototype', () => {
    const value = read(
      '[{"__proto__":{"polluted":"~u"}},["~#N",{"__proto__":1}],["~#A",1,{"__proto__":[]}]]',
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((value as object[]).map((item) => Object.keys(item))).toEqual([
      ['__proto__'],
      ['__proto__'],
      ['__proto__'],
    ]);
  });

  it('ends with a value or a CodecError, whatever the text', () => {
    const scalar = fc.constantFrom(
      '~u',
      '~r0',
      '~r1',
      '~t5',
      '~tx',
      '~g1',
      '~',
      '~~a',
      'Error',
      'Buffer',
      'Map',
      0,
      -1,
      1e9,
      null,
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, scalar, tie('list'), tie('object')),
      list: fc
        .tuple(
          fc.constantFrom('~#M', '~#S', '~#N', '~#A', '~#R', '~#O', '~#E', '~#B', '~#I', 'x'),
          fc.array(tie('tree'), { maxLength: 4 }),
        )
        .map(([name, rest]) => [name, ...rest]),
      object: fc.dictionary(fc.constantFrom('a', '__proto__', 'length'), tie('tree'), { maxKeys: 3 }),
    }));
    assertProperty(
      fc.property(tree, (node) => {
        try {
          read(JSON.stringify(node));
          return true;
        } catch (error) {
          return error instanceof CodecError;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
