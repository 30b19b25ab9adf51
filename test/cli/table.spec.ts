import { describe, expect, it } from '@jest/globals';
import { printable, table, widthOf } from '../../lib/cli/table.js';
import { bar, bytesText, countText, durationText, shareText } from '../../lib/cli/wording.js';

describe('a table', () => {
  it('keeps its columns below each other, whatever the cells hold', () => {
    const columns = [{ title: 'KEY' }, { title: 'SIZE', align: 'right' as const }];
    expect(
      table(columns, [
        ['商品:1', '7'],
        ['\u001b[31mred\u001b[39m', '1024'],
        ['cafe\u0301', '12'],
        { first: 'x', instead: 'not there' },
      ]),
    ).toEqual([
      'KEY     SIZE',
      '商品:1     7',
      '\u001b[31mred\u001b[39m     1024',
      'cafe\u0301      12',
      'x       not there',
    ]);
  });

  it.each([
    ['abc', 3],
    ['商品', 4],
    ['\u001b[1mab\u001b[22m', 2],
    ['e\u0301', 1],
    ['👍', 2],
  ])('takes %j for %i places wide', (text, width) => expect(widthOf(text)).toBe(width));
});

it.each([
  ['plain:key', 'plain:key'],
  ['naïve:商品', 'naïve:商品'],
  ['\u001b[2J\u001b]0;title\u0007', '\\x1b[2J\\x1b]0;title\\x07'],
  ['a\r\nb', 'a\\x0d\\x0ab'],
  ['\u009b31m', '\\x9b31m'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
])('nothing that comes from a server commands the terminal: %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('says figures as people do', () => {
  expect([0, 512, 1536, 10 * 1024 ** 2, 3.5 * 1024 ** 3].map(bytesText)).toEqual([
    '0 B',
    '512 B',
    '1.50 kB',
    '10 MB',
    '3.50 GB',
  ]);
  expect([0, 9999, 12_345, 4_500_000, 2e9].map(countText)).toEqual(['0', '9999', '12.3k', '4.50M', '2G']);
  expect([0, 42, 60, 185, 3600, 90_000, 200_000].map(durationText)).toEqual([
    '0s',
    '42s',
    '1m',
    '3m 5s',
    '1h',
    '1d 1h',
    '2d 7h',
  ]);
  expect([undefined, 0, 0.9999, 1].map(shareText)).toEqual(['-', '0.0 %', '100.0 %', '100.0 %']);
  expect([0, 0.5, 1, 2].map((share) => bar(share, 3))).toEqual(['', '█▌', '███', '███']);
});
