import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isPlainKey, keyProblem, MAX_KEY_BYTES } from '../../lib/protocol/wire-key.js';
import { anyText } from '../support/any-text.js';

const LONGEST = 'k'.repeat(MAX_KEY_BYTES);

describe('keys on the wire', () => {
  it.each(['k', 'user:1', '!', '~', 'a$b', '__proto__', LONGEST])('may be %p as they are', (key) => {
    expect(isPlainKey(key)).toBe(true);
    expect(keyProblem(key)).toBeUndefined();
  });

  it('may have bytes beyond ASCII, which are not their own text', () => {
    expect(isPlainKey('caf\u00e9')).toBe(false);
    expect(keyProblem('caf\xc3\xa9')).toBeUndefined();
  });

  it('are never empty', () => {
    expect(isPlainKey('')).toBe(false);
    expect(keyProblem('')).toBe('empty');
  });

  it('have 250 bytes at most', () => {
    expect(isPlainKey(`${LONGEST}k`)).toBe(false);
    expect(keyProblem(`${LONGEST}k`)).toBe('too-long');
  });

  it.each(['a b', ' ', 'a\r\nflush_all', 'a\nb', 'tab\t', 'nul\0', 'del\x7f', `${LONGEST} k`])(
    'never hold what ends them or a line: %j',
    (key) => {
      expect(isPlainKey(key)).toBe(false);
      expect(keyProblem(key)).toBe('forbidden-character');
    },
  );

  it('are plain only if there is no problem with them', () => {
    // At either end of what may be.
    const character = fc.integer({ min: 0x1f, max: 0x81 }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.string({ unit: character })), (key) => {
        if (isPlainKey(key)) expect(keyProblem(key)).toBeUndefined();
        expect(isPlainKey(key)).toBe(/^[\x21-\x7e]{1,250}$/.test(key));
      }),
    );
  });
});
