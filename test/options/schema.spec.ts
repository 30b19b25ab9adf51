import { describe, expect, it } from '@jest/globals';
import {
  bool,
  checkObject,
  duration,
  func,
  integer,
  number,
  oneOf,
  optional,
  object,
  readObject,
  refuseUnknown,
  text,
  timer,
  withDefault,
  type Reader,
} from '../../lib/options/schema.js';

interface Options {
  size: number;
  name: string | undefined;
  wait: number;
}

const SHAPE = {
  size: withDefault(integer(1, 10), 5),
  name: optional(text()),
  wait: withDefault(duration(10), 100),
};

const read = (value: unknown, path = ''): Options => readObject<Options>(value, path, SHAPE);

/** What a reader says of a value it refuses. */
function refusal(read: () => unknown): { path: string; message: string } {
  try {
    read();
  } catch (error) {
    expect(error).toMatchObject({ code: 'MEMCACHED_INVALID_OPTIONS' });
    return error as { path: string; message: string };
  }
  throw new Error('nothing was refused');
}

describe('an object of options', () => {
  it('is completed with defaults', () => {
    expect(read({})).toStrictEqual({ size: 5, name: undefined, wait: 100 });
    expect(read({ size: undefined, name: 'x', wait: '1s' })).toStrictEqual({
      size: 5,
      name: 'x',
      wait: 1000,
    });
  });

  it('is frozen, and not the object it was read from', () => {
    const mine = { size: 3 };
    const options = read(mine);
    expect(Object.isFrozen(options)).toBe(true);
    mine.size = 4;
    expect(options.size).toBe(3);
  });

  it('keeps 0 and the empty string where they mean something', () => {
    const shape = { count: withDefault(integer(0), 7), prefix: withDefault(text({ allowEmpty: true }), 'x') };
    expect(readObject({ count: 0, prefix: '' }, '', shape)).toStrictEqual({ count: 0, prefix: '' });
  });

  it.each([
    ['sise', "unknown option; did you mean 'size'?"],
    ['Name', "unknown option; did you mean 'name'?"],
    ['retries', 'unknown option; known are size, name, wait'],
    ['constructor', 'unknown option; known are size, name, wait'],
  ])('has no unknown name: %s', (name, problem) => {
    expect(refusal(() => read({ [name]: 1 }, 'cache'))).toMatchObject({
      path: `cache.${name}`,
      message: `cache.${name}: ${problem}`,
    });
  });

  it.each([null, undefined, 5, 'size=5', [], () => {}])('cannot be %p', (wrong) => {
    expect(refusal(() => read(wrong, 'cache')).message).toMatch(/^cache: expected an object, got /);
  });

  it('names the path of what is wrong in it', () => {
    expect(refusal(() => read({ size: 0 }, 'a.b'))).toMatchObject({
      path: 'a.b.size',
      message: 'a.b.size: expected a whole number from 1 to 10, got 0',
    });
    expect(refusal(() => read({ wait: 'soon' })).message).toMatch(
      /^wait: expected a number of milliseconds or a text/,
    );
  });
});

describe('a reader', () => {
  const READERS: readonly (readonly [
    name: string,
    reader: Reader<unknown>,
    good: unknown[],
    bad: unknown[],
    says: RegExp,
  ])[] = [
    [
      'a whole number',
      integer(2),
      [2, 3, 2 ** 53 - 1],
      [1, 2.5, Number.NaN, '3', null, 2 ** 53],
      /of at least 2, got/,
    ],
    ['a bounded whole number', integer(2, 4), [2, 4], [1, 5, 3n], /from 2 to 4, got/],
    ['a number', number(0, 1), [0, 0.5, 1], [-0.1, 1.1, Number.NaN, '1'], /from 0 to 1, got/],
    ['a switch', bool, [true, false], [0, 1, 'true', null], /expected true or false, got/],
    ['a text', text(), ['x', ' '], ['', 5, null, {}], /expected a non-empty string, got/],
    [
      'a text that may be empty',
      text({ allowEmpty: true }),
      ['', 'x'],
      [5, undefined],
      /expected a string, got/,
    ],
    [
      'a word',
      oneOf('auto', 'meta'),
      ['auto', 'meta'],
      ['classic', '', 5, null],
      /one of 'auto', 'meta', got/,
    ],
    ['a function', func(), [() => {}], [{}, 'f', null], /expected a function, got/],
    ['an optional text', optional(text()), [undefined, 'x'], [null, ''], /expected/],
  ];

  it.each(READERS)('of %s takes only that', (_name, reader, good, bad, says) => {
    for (const value of good) expect(reader(value, 'it')).toBe(value);
    for (const value of bad)
      expect(refusal(() => reader(value, 'it'))).toMatchObject({
        path: 'it',
        message: expect.stringMatching(says),
      });
  });

  it('of a duration takes all its forms, from a minimum on', () => {
    expect(duration(10)('10ms', 'it')).toBe(10);
    expect(duration()(0, 'it')).toBe(0);
    expect(refusal(() => duration(10)('9ms', 'it')).message).toBe("it: expected at least 10 ms, got '9ms'");
  });

  it('guesses the word that was meant', () => {
    expect(refusal(() => oneOf('ketama', 'rendezvous')('katema', 'it')).message).toMatch(
      /did you mean 'ketama'\?$/,
    );
    expect(refusal(() => oneOf('ketama', 'rendezvous')('crc32', 'it')).message).not.toMatch(/did you mean/);
  });

  it('shows what kind of thing was given, without its content', () => {
    const shown = [{ secret: 1 }, ['secret'], function secret() {}].map(
      (value) => refusal(() => bool(value, 'it')).message,
    );
    expect(shown).toStrictEqual([
      'it: expected true or false, got an object',
      'it: expected true or false, got an array',
      'it: expected true or false, got a function',
    ]);
  });
});

describe('what is no object', () => {
  it('is told how one is written', () => {
    const problem = refusal(() => readObject('product', '@Cacheable', SHAPE, "{ key: 'product:{0}' }"));
    expect(problem.message).toBe(
      "@Cacheable: expected an object such as { key: 'product:{0}' }, got 'product'",
    );
  });
});

describe('what is checked to be an object of options', () => {
  it.each([null, 5, '', 'text', true, ['array'], () => 1, Symbol('s'), 1n])('is not %p', (value) => {
    expect(refusal(() => checkObject(value, 'it')).message).toMatch(/^it: expected an object, got /);
  });

  it('may be shown by what was written in its place', () => {
    const wanted = (given: unknown): string => `{ size: ${String(given)} }`;
    expect(refusal(() => checkObject(3, 'it', wanted)).message).toBe(
      'it: expected an object such as { size: 3 }, got 3',
    );
  });

  it('is not asked for with a password that was written in its place', () => {
    const { message } = refusal(() => checkObject('memcached://user:secret@host', 'it'));
    expect(message).toBe('it: expected an object, got a string');
  });

  it('may be of no class and of any', () => {
    expect(() => checkObject(Object.create(null), 'it')).not.toThrow();
    expect(() => checkObject(new (class Options {})(), 'it')).not.toThrow();
  });
});

describe('names that nobody knows', () => {
  it('are refused with the known ones in the order given', () => {
    const problem = refusal(() => refuseUnknown({ retries: 1 }, 'cache', ['key', 'when', 'ttl']));
    expect(problem.message).toBe('cache.retries: unknown option; known are key, when, ttl');
  });
});

describe('a timer', () => {
  it('is set to no more than Node can, beyond which it would go off at once', () => {
    expect(timer()('24d', 'wait')).toBe(24 * 86_400_000);
    expect(refusal(() => timer()('25d', 'wait')).message).toBe("wait: expected at most 24d, got '25d'");
  });
});

describe('the facts of an option', () => {
  it('tell type, range and default as a user would write them', () => {
    expect(withDefault(duration(10), 60_000).facts).toEqual({
      type: 'Duration',
      range: 'at least 10ms',
      default: "'1m'",
    });
    expect(withDefault(integer(1, 5), 2).facts).toEqual({
      type: 'whole number',
      range: 'from 1 to 5',
      default: '2',
    });
    expect(optional(oneOf('a', 'b')).facts).toEqual({ type: "'a', 'b'" });
    expect(object(SHAPE).facts?.shape).toBe(SHAPE);
  });
});
