import { describe, expect, it } from '@jest/globals';
import { callsInherited } from '../../../lib/nest/methods/super-calls.js';
import { Cacheable } from '../../../lib/index.js';
import { decoratedMethodsOf } from '../../../lib/nest/methods/method-wrapper.js';

const SYMBOL = Symbol('find');
const NAME: string = ['fi', 'nd'].join('');

class Rows {
  @Cacheable({ key: 'row:{0}' })
  async find(id: number): Promise<string> {
    return `row ${id}`;
  }

  async findAll(): Promise<string[]> {
    return [await this.find(1)];
  }

  async [SYMBOL](): Promise<string> {
    return 'row';
  }
}

/** A class with this text. */
function written(body: string): typeof Rows {
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function('Rows', 'SYMBOL', 'NAME', `return class Own extends Rows { ${body}\n}`)(
    Rows,
    SYMBOL,
    NAME,
  ) as typeof Rows;
}

const calls = (body: string, property: string | symbol = 'find'): boolean =>
  callsInherited(written(body), property, [Rows]);

describe('whether a class that overrides a method calls the inherited one', () => {
  it.each([
    'async find(id) { return super.find(id); }',
    'async find(id) { return super\n      .find(id)\n      .then((row) => row); }',
    'async find(id) { return super . find (id); }',
    "async find(id) { return super['find'](id); }",
    'async find(id) { return super[NAME](id); }',
    'async find(id) { return Rows.prototype.find.call(this, id); }',
    'async find(id) { return Rows.prototype\n["find"].call(this, id); }',
    `async find(id) { return \`https://\${await super.find(id)}\`; }`,
    "async find(id) { const url = 'https://a'; return url + (await super.find(id)); }",
  ])('is so: %s', (body) => {
    expect(calls(body)).toBe(true);
    expect(decoratedMethodsOf(written(body)).map(({ name }) => name)).toEqual(['find']);
  });

  it.each([
    'async find() {} async findAll() { return super.findAll(); }',
    "async find() {} async findAll() { return super['findAll'](); }",
    'async find() {} // unlike super.find',
    'async find() { /* super.find(1)\n would ask the table */ }',
    "async find() { /* don't */ return 1; // nor super.find\n }",
    'async find() { return [].find.call([1], Boolean) ?? Array.prototype.find; }',
    'async find() { return this.find2 ?? super.find2; }',
  ])('is not so: %s', (body) => {
    expect(calls(body)).toBe(false);
    expect(decoratedMethodsOf(written(body))).toEqual([]);
  });

  it('is asked of methods under a symbol by what stands in brackets', () => {
    expect(calls('async [SYMBOL]() { return super[SYMBOL](); }', SYMBOL)).toBe(true);
    expect(calls("async [SYMBOL]() { return super['find'](); }", SYMBOL)).toBe(false);
  });
});
