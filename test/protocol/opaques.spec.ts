import { describe, expect, it } from '@jest/globals';
import { Opaques } from '../../lib/protocol/opaques.js';
import { answers } from '../../lib/protocol/pairing.js';
import { ReplyParser } from '../../lib/protocol/reply-parser.js';
import { request } from './requests.js';

describe('the opaques of a connection', () => {
  it('count through 4096 numbers and begin again, from anywhere', () => {
    const opaques = new Opaques('x.', 4000);
    const next = (): number => {
      const asked = request('get', 'k');
      expect(opaques.endingFor(asked)).toBe(` Ox.${asked.opaque}\r\n`);
      return asked.opaque;
    };
    const seen = new Set(Array.from({ length: 4096 }, next));
    expect([seen.size, Math.min(...seen), Math.max(...seen)]).toEqual([4096, 0, 4095]);
    expect(next()).toBe(4000);
  });

  it('have a prefix that no other connection has', () => {
    const prefixes = Array.from({ length: 1000 }, () => Opaques.random().prefix);
    expect(new Set(prefixes).size).toBe(1000);
    for (const prefix of prefixes) expect(prefix).toMatch(/^[\w-]{6}$/);
  });

  // Whole, so that the common replies are read in one pass, and byte by byte, so that they are not.
  it.each([1, 1000])('are refused on another connection, read by %i bytes', (step) => {
    const mine = new Opaques('mine--', 7);
    const asked = request('get', 'k');
    expect(mine.getEndingFor(asked)).toBe(' v f Omine--7\r\n');
    const verdict = (prefix: string, reply: (opaque: string) => string): boolean[] => {
      const verdicts: boolean[] = [];
      const parser = new ReplyParser((said) => verdicts.push(answers(said, asked)), mine.prefix);
      const bytes = Buffer.from(reply(`O${prefix}7`) + 'VERSION 1\r\n'.repeat(40), 'latin1');
      for (let at = 0; at < bytes.length && verdicts.length === 0; at += step) {
        parser.push(bytes.subarray(at, at + step));
      }
      return verdicts.slice(0, 1);
    };
    for (const reply of [
      (opaque: string) => `VA 1 f0 ${opaque}\r\nx\r\n`,
      (opaque: string) => `HD ${opaque}\r\n`,
      (opaque: string) => `EN ${opaque}\r\n`,
    ]) {
      expect([verdict('mine--', reply), verdict('other-', reply), verdict('', reply)]).toEqual([
        [true],
        [false],
        [false],
      ]);
    }
  });
});
