import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cacheKey, fillTemplate, parseTemplate } from '../../../lib/nest/keys/key-template.js';
import { anyText } from '../../support/any-text.js';

describe('a key template', () => {
  it.each<[string, unknown[], string]>([
    ['products', [], 'products'],
    ['product:{0}', [7], 'product:7'],
    ['product:{0}', ['7'], 'product:7'],
    ['product:{0}', [7n], 'product:7'],
    ['flag:{0}', [true], 'flag:true'],
    ['{0.tenant.id}:orders', [{ tenant: { id: 'acme' } }], 'acme:orders'],
    ['{0.tenant.id?}:orders', [{}], '%u:orders'],
    ['{0.tenant.id?}:orders', [undefined], '%u:orders'],
    ['page:{1}:{0}', ['de', 'home'], 'page:home:de'],
    ['user:{0}', ['ann@example.org'], 'user:ann@example.org'],
    ['user:{0}', ['0d9c5f7e-1c1e-4b2a-9a55-2f1f3f6f2d11'], 'user:0d9c5f7e-1c1e-4b2a-9a55-2f1f3f6f2d11'],
    ['word:{0}', ['größe'], 'word:größe'],
    ['search:{0}', ['red shoes\r\n'], 'search:red%20shoes%0D%0A'],
    ['search:{0}', ['a:b'], 'search:a%3Ab'],
    ['search:{0}', ['100%'], 'search:100%25'],
    ['search:{0}', [''], 'search:%e'],
    ['search:{0}', [undefined], 'search:%u'],
    ['search:{0}', [null], 'search:%n'],
    ['search:{0}', [['b', 'a']], "search:['b,'a]"],
    ['search:{0}', [{ b: 1, a: { c: '1' } }], "search:(a=(c='1),b=1)"],
    ['search:{0}', [new Date(5)], 'search:Date(5)'],
    ['half:{0}', ['\ud800'], 'half:%sD800'],
    ['pair:{0}', ['😀'], 'pair:😀'],
  ])('%s filled with %j is %s', (template, args, key) => {
    expect(cacheKey(template, ...args)).toBe(key);
  });

  it.each([[{}], [undefined], ['acme']])('makes no key of a path that leads to nothing in %j', (value) => {
    expect(() => cacheKey('{0.tenant.id}:orders', value)).toThrow(
      "key '{0.tenant.id}:orders': {0.tenant.id} is undefined, and all calls without it would share a key",
    );
  });

  it('says what to write where the value itself is meant', () => {
    for (const [value, kind] of [
      ['acme', 'string'],
      [7, 'number'],
    ] as const) {
      expect(() => cacheKey('tenant:{0.id}', value)).toThrow(`the value is a ${kind} itself: write {0}`);
    }
  });

  it.each([
    ['product:{0}:{1}', [7], 'there is no value for {1}; cacheKey got 1'],
    ['product', [7], 'no placeholder takes value 0'],
  ])('makes no key of %s and %j', (template, values, message) => {
    expect(() => cacheKey(template, ...values)).toThrow(message);
  });

  it('takes parameters by their names, in the order of params', () => {
    const template = parseTemplate('{tenant}:{query.term}', ['tenant', 'query']);
    expect(fillTemplate(template, ['acme', { term: 'shoes' }])).toBe('acme:shoes');
  });

  it('takes what the method returned', () => {
    expect(fillTemplate(parseTemplate('product:{result.id}', undefined), [], { id: 4 })).toBe('product:4');
  });

  it('prefers a parameter that is called result', () => {
    expect(fillTemplate(parseTemplate('race:{result}', ['result']), ['first'], 'other')).toBe('race:first');
  });

  it.each([
    ['product:{id}', undefined, "needs the parameters' names in order, such as params: ['id']; or write {0}"],
    ['product:{ID}', ['id', 'lang'], "there is no parameter 'ID' among params (id, lang)"],
    ['product:{}', undefined, "'{}' is no placeholder"],
    ['product:{0 }', undefined, "'{0 }' is no placeholder"],
    ['product:{0', undefined, 'a brace without its partner'],
    ['product:0}', undefined, 'a brace without its partner'],
    ['{0}{1}', undefined, '{0} and {1} need a separator between them'],
    ['{0}-{1}', undefined, "no value contains, such as ':'"],
    ['', undefined, 'an empty template cannot be a key'],
  ])('refuses %s with params %j', (template, params, message) => {
    expect(() => parseTemplate(template, params)).toThrow(message);
  });

  it('never makes one key of two different lists of texts', () => {
    const part = fc.oneof(
      anyText(),
      fc.string({ unit: fc.constantFrom('a', ':', '%', '2', '5', 'u', 'n', ' ', '(', "'", ',', '[') }),
    );
    const list = fc.oneof(fc.tuple(part), fc.tuple(part, part), fc.tuple(part, part, part));
    const templates = ['k:{0}', 'k:{0}:{1}', 'k:{0}:{1}/{2}'];
    fc.assert(
      fc.property(list, list, (one, other) => {
        const same = one.length === other.length && one.every((text, index) => text === other[index]);
        const keys = [one, other].map((args) => cacheKey(templates[args.length - 1], ...args));
        expect(keys[0] === keys[1]).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  it('never makes one key of a text and of anything that is no text, number or boolean', () => {
    const other = fc
      .anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true })
      .filter((value) => value == null || typeof value === 'object');
    fc.assert(
      fc.property(other, fc.string(), (value, text) => {
        const key = cacheKey('k:{0}', value);
        expect(cacheKey('k:{0}', text)).not.toBe(key);
        // The most likely text to be mistaken for the value is the value's own form.
        expect(cacheKey('k:{0}', key.slice(2))).not.toBe(key);
      }),
    );
  });
});
