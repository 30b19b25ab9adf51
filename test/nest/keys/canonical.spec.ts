import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { canonicalForm } from '../../../lib/nest/keys/canonical.js';
import { defaultKey } from '../../../lib/nest/keys/key-compiler.js';

class Money {
  readonly #amount: number;

  constructor(amount: number) {
    this.#amount = amount;
  }

  get shown(): string {
    return `${this.#amount} EUR`;
  }
}

class Account {
  constructor(readonly number: string) {}

  toCacheKey(): unknown {
    return { number: this.number };
  }
}

class Labelled extends Map<string, string> {
  label = '';
}

describe('the canonical form', () => {
  it('does not depend on the order of properties, of map entries and of set items', () => {
    expect(canonicalForm({ a: 1, b: [2] }, 'x')).toBe(canonicalForm({ b: [2], a: 1 }, 'x'));
    expect(
      canonicalForm(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
        'x',
      ),
    ).toBe(
      canonicalForm(
        new Map([
          ['b', 2],
          ['a', 1],
        ]),
        'x',
      ),
    );
    expect(canonicalForm(new Set([1, 2]), 'x')).toBe(canonicalForm(new Set([2, 1]), 'x'));
  });

  it('tells types apart that look alike', () => {
    const alike = [
      1,
      1n,
      '1',
      true,
      'true',
      null,
      'null',
      undefined,
      'undefined',
      {},
      [],
      '',
      [[]],
      [undefined],
    ];
    const more = [
      new Map(),
      new Set(),
      new Date(1),
      new URL('http://a/'),
      Buffer.of(1),
      Uint8Array.of(1),
      -0,
      0,
      NaN,
    ];
    const forms = [...alike, ...more].map((value) => canonicalForm(value, 'x'));
    expect(new Set(forms).size).toBe(forms.length);
  });

  it('is the same for two values exactly if they are deeply equal', () => {
    const value = fc.anything({
      maxDepth: 3,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    });
    const pair = fc
      .oneof(fc.tuple(value, value), fc.clone(value, 2))
      // Node takes no invalid date for equal to any; they have one form nevertheless.
      .filter((both) => !canonicalForm(both, 'x').includes('Date(NaN)'));
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(canonicalForm(one, 'x') === canonicalForm(other, 'x')).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 3000 },
    );
  });

  it('asks an object what it is', () => {
    expect(canonicalForm(new Account('17'), 'x')).toBe("Account((number='17))");
  });

  it.each<[string, unknown]>([
    ['an instance of Money', new Money(3)],
    ['an instance of Labelled', new Labelled()],
    ['an instance of Promise', Promise.resolve()],
    ['an instance of Error', new Error('x')],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['an object with symbols for property names', { [Symbol('x')]: 1 }],
  ])('refuses %s, and says how to mend it', (what, value) => {
    expect(() => canonicalForm({ deep: [value] }, 'argument 0')).toThrow(
      `argument 0.deep[0] is ${what}, which has no stable form for a key; ` +
        `name what the result depends on by 'key', or give its class a 'toCacheKey()' method`,
    );
  });

  it('refuses a cycle, but not an object that appears twice', () => {
    const shared = { a: 1 };
    expect(canonicalForm([shared, shared], 'x')).toBe('[(a=1),(a=1)]');
    const cycle: Record<string, unknown> = {};
    cycle.self = { cycle };
    expect(() => canonicalForm(cycle, 'x')).toThrow('x.self.cycle is an object that contains itself');
  });
});

describe('the default key', () => {
  it('holds class, method and arguments', () => {
    expect(defaultKey('Products', { name: 'Products', namesakes: 0 }, 'find', [7, 'de'])).toBe(
      "Products.find(7,'de)",
    );
    expect(defaultKey('Products', { name: 'Repository', namesakes: 0 }, 'find', [])).toBe(
      'Products/Repository.find()',
    );
  });

  it('differs for every list of arguments', () => {
    const list = fc.array(fc.oneof(fc.string(), fc.integer(), fc.constantFrom(undefined, null, ',', "'")), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(list, list, (one, other) => {
        const [first, second] = [one, other].map((args) =>
          defaultKey('A', { name: 'A', namesakes: 0 }, 'm', args),
        );
        expect(first === second).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 2000 },
    );
  });
});
