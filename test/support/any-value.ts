import * as fc from 'fast-check';
import { anyText } from './any-text.js';

/** Anything made of what structured clone can carry. */
export const everything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toJSON', 'constructor', '~u', 'length', '0')),
  values: [
    fc.boolean(),
    fc.integer(),
    fc.double(),
    anyText(),
    fc.string().map((text) => `~${text}`),
    fc.constantFrom(null, undefined, Number.NaN, -0, Infinity, -Infinity, '~#M', '~u', '\ud800'),
    // An invalid date is not even equal to itself for the `deepStrictEqual` of Node 20.
    fc.date({ noInvalidDate: true }),
    fc.string().map((text) => Buffer.from(text)),
    fc.string().map((text) => new TypeError(text)),
    fc.constantFrom('g', 'iu').map((flags) => new RegExp('~a/b', flags)),
  ],
});
