import { deepStrictEqual } from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assert as assertProperty } from 'fast-check';
import { inBytes, type Encoded } from '../../../lib/client/codec/codec.js';
import { createDefaultCodec } from '../../../lib/client/codec/default-codec.js';
import { CodecError } from '../../../lib/errors.js';
import { everything } from '../../support/any-value.js';

const codec = createDefaultCodec();

function roundTrip(value: unknown): any {
  const { data, flags } = inBytes(codec.encode(value, 'key') as Encoded);
  // As from a socket: a view that is overwritten once the value has been read.
  const socketBuffer = Buffer.concat([Buffer.from('VA 1\r\n'), data, Buffer.from('\r\n')]);
  const read = codec.decode(socketBuffer.subarray(6, 6 + data.length), flags, 'key');
  socketBuffer.fill(0xff);
  return read;
}

function assertSurvives(value: unknown): void {
  deepStrictEqual(roundTrip(value), value);
}

describe('a hit equals a miss', () => {
  it('for anything made of what structured clone can carry', () => {
    assertProperty(fc.property(everything, assertSurvives), { numRuns: 1000 });
  });

  it('for plain JSON, which is stored as plain JSON', () => {
    assertProperty(
      fc.property(fc.jsonValue(), (drawn) => {
        const value = JSON.parse(JSON.stringify({ drawn })) as unknown;
        const { data, flags } = inBytes(codec.encode(value, 'key') as Encoded);
        expect([data.toString(), flags]).toEqual([JSON.stringify(value), 48]);
        assertSurvives(value);
      }),
    );
  });

  it('for graphs with cycles and shared parts, which stay shared', () => {
    const node = fc.record({
      at: fc.date({ noInvalidDate: true }),
      links: fc.array(fc.nat()),
      kind: fc.constantFrom('array', 'map', 'set', 'object'),
    });
    assertProperty(
      fc.property(fc.array(node, { minLength: 1, maxLength: 6 }), (drawn) => {
        const nodes = drawn.map(({ kind, at }) => ({
          at,
          to: { array: [], map: new Map(), set: new Set(), object: {} }[kind] as any,
        }));
        drawn.forEach(({ links }, from) => {
          for (const link of links) {
            const target = nodes[link % nodes.length];
            const { to } = nodes[from];
            if (Array.isArray(to)) to.push(target);
            else if (to instanceof Map) to.set(target, from);
            else if (to instanceof Set) to.add(target);
            else to[`n${link}`] = target;
          }
        });
        assertSurvives(nodes);
      }),
      { numRuns: 200 },
    );
    const shared = { at: new Date() };
    const read = roundTrip({ a: shared, b: shared, when: shared.at });
    expect(read.a).toBe(read.b);
    expect(read.when).toBe(read.a.at);
  });
});

const cyclic: Record<string, unknown> = { list: [1] };
cyclic.self = cyclic;
(cyclic.list as unknown[]).push(cyclic.list);

const match = /(?<word>b)/d.exec('abc');
const error = Object.assign(new RangeError('out', { cause: new Error('inner') }), {
  code: 'E_RANGE',
  at: new Date(0),
});
const lastIndex = /a/g;
lastIndex.lastIndex = 3;

describe('the default codec keeps', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined properties and elements', { a: undefined, b: [undefined, 1] }],
    ['NaN, the infinities and -0', [Number.NaN, Infinity, -Infinity, -0, { z: -0 }]],
    ['dates', { created: new Date(1.7e12), early: new Date(-1) }],
    ['bigints inside of objects', { id: 2n ** 70n, debt: -1n }],
    ['holes and named properties of arrays', Object.assign(Array(5), { 1: 1, 3: undefined, total: 3 })],
    ['an array with as many holes as there may be', Object.assign([], { [2 ** 19 - 1]: 'last' })],
    ['a match with its index and groups', match],
    ['empty Buffers and Uint8Arrays', [Buffer.alloc(0), new Uint8Array(0)]],
    ['an empty Buffer alone', Buffer.alloc(0)],
    ['a Uint8Array as such', Uint8Array.of(1, 2)],
    ['a view of a part of a buffer', new Float32Array(new Float32Array([1, 2.5, 3]).buffer, 4, 2)],
    [
      'a DataView and an ArrayBuffer',
      [new DataView(Uint8Array.of(1, 2, 3).buffer, 1), Uint8Array.of(9).buffer],
    ],
    ['null prototypes', Object.assign(Object.create(null), { __proto__: 1, a: Object.create(null) })],
    ['a property named __proto__', JSON.parse('{"__proto__":{"x":1},"a":{"__proto__":[1]}}')],
    ['a property named __proto__ beside what needs a tag', [JSON.parse('{"__proto__":"~x"}'), new Date(0)]],
    [
      'maps in maps and sets of objects',
      new Map<unknown, unknown>([
        [{ a: 1 }, new Set([[new Date(1)]])],
        ['k', new Map()],
      ]),
    ],
    ['boxed scalars', [new Number(-0), new String('~a'), new Boolean(false), Object(1n)]],
    ['patterns', [/~#M/gi, lastIndex, new RegExp('')]],
    ['errors with cause, code and stack', error],
    ['several errors in one', new AggregateError([new TypeError('a'), 1], 'both')],
    ['texts that look like tags', ['~', '~~', '~u', '~#M', ['~#S', '~r0'], { '~u': '~t0' }, new Date(0)]],
    ['cycles', cyclic],
    ['nesting of five hundred', nested(500)],
    ['lone halves of surrogate pairs, in names too', { '\udc00': ['\ud800', new Date(0)] }],
  ])('%s', (_, value) => {
    assertSurvives(value);
  });

  it('a date that is none', () => {
    const read = roundTrip([new Date(Number.NaN)])[0];
    expect(read).toBeInstanceOf(Date);
    expect(read.getTime()).toBeNaN();
  });

  it('the stack of an error', () => {
    expect(roundTrip(error).stack).toBe(error.stack);
    expect(Object.keys(roundTrip(new Error('a')))).toEqual([]);
  });

  it('plain JSON as such however deep or foreign it is', () => {
    const deep = nested(500);
    const foreign = runInNewContext('({ a: [{ b: 1 }] })') as unknown;
    for (const value of [deep, foreign]) {
      const { data, flags } = inBytes(codec.encode(value, 'key') as Encoded);
      expect([data.toString(), flags]).toEqual([JSON.stringify(value), 48]);
    }
  });

  it('built-in objects of another realm, as this realm has them', () => {
    const foreign = runInNewContext(
      '[new Date(5), new Map([[1, /a/g]]), new TypeError("x"), Uint8Array.of(1)]',
    ) as unknown;
    deepStrictEqual(roundTrip(foreign).slice(0, 2), [new Date(5), new Map([[1, /a/g]])]);
    expect(roundTrip(foreign)[2]).toBeInstanceOf(TypeError);
    expect(roundTrip(foreign)[3]).toEqual(Uint8Array.of(1));
  });

  it('a shared part once, even where sharing doubles at every level', () => {
    let doubled: unknown = ['leaf'];
    for (let level = 0; level < 60; level += 1) doubled = [doubled, doubled];
    const { data } = inBytes(codec.encode(doubled, 'key') as Encoded);
    expect(data.length).toBeLessThan(1000);
  });
});

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
}

class Product {
  constructor(readonly id = 1) {}
}

describe('the default codec refuses', () => {
  const secret = 'hunter2';
  it.each<[string, unknown, string]>([
    ['a function', () => secret, '$: a function cannot be stored'],
    ['a symbol', Symbol(secret), '$: a symbol cannot be stored'],
    ['a function deep inside', { a: [0, { b: () => secret }] }, '$.a[1].b: a function cannot be stored'],
    ['a toJSON of its own', { toJSON: () => secret }, '$.toJSON: a function cannot be stored'],
    ['a property named by a symbol', { a: { [Symbol('s')]: secret } }, '$.a: a property named by a symbol'],
    ['a symbol on an array', Object.assign([1], { [Symbol('s')]: 1 }), '$: a property named by a symbol'],
    [
      'an instance of a class',
      { 'a b': new Product() },
      '$["a b"]: an instance of Product would come back without its class',
    ],
    ['an instance of a class without a name', new (class {})(), '$: an instance of a class without a name'],
    ['a promise', { p: Promise.resolve(secret) }, '$.p: a promise cannot be stored; await it first'],
    ['a WeakMap', [new WeakMap()], '$[0]: an instance of WeakMap cannot be stored'],
    [
      'memory shared between threads',
      new SharedArrayBuffer(1),
      '$: an instance of SharedArrayBuffer cannot be stored',
    ],
    [
      'an ArrayBuffer that can grow',
      Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]),
      '$: a resizable ArrayBuffer cannot be stored',
    ],
    ['a subclass of Map', new (class Lru extends Map {})(), '$: an instance of Lru would come back'],
    [
      'a subclass of Error',
      new (class NotFound extends Error {})(),
      '$: an instance of NotFound would come back',
    ],
    ['a subclass of Array', new (class Stack extends Array {})(), '$: an instance of Stack would come back'],
    [
      'what only looks like a date',
      Object.create(Date.prototype),
      '$: what only looks like an instance of Date',
    ],
    [
      'what only looks like a map',
      [Object.create(Map.prototype)],
      '$[0]: what only looks like an instance of Map',
    ],
    [
      'properties hung on a date',
      Object.assign(new Date(), { a: 1 }),
      '$: an instance of Date with properties added',
    ],
    [
      'properties hung on a map',
      Object.assign(new Map(), { a: 1 }),
      '$: an instance of Map with properties added',
    ],
    ['a function as a key of a map', new Map([[() => secret, 1]]), '$<key 0>: a function cannot be stored'],
    [
      'a function as a value of a map',
      {
        m: new Map([
          [1, 1],
          [2, () => secret],
        ] as any),
      },
      '$.m<value 1>: a function',
    ],
    ['a function in a set', new Set([1, () => secret]), '$<item 1>: a function cannot be stored'],
    [
      'a function as the cause of an error',
      new Error(secret, { cause: () => 1 }),
      '$.cause: a function cannot',
    ],
    ['nesting of more than five hundred', nested(501), 'nested more than 500 deep'],
    ['nesting that would exhaust the stack', nested(200_000), 'nested more than 500 deep'],
  ])('%s', (_, value, message) => {
    let thrown: unknown;
    try {
      void codec.encode(value, 'key');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CodecError);
    expect((thrown as Error).message).toContain(message);
    expect((thrown as Error).message).not.toContain(secret);
  });
});
