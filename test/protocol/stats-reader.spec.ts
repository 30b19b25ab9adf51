import { describe, expect, it } from '@jest/globals';
import { ReplyParser } from '../../lib/protocol/reply-parser.js';
import { Request } from '../../lib/protocol/request.js';
import { readStats } from '../../lib/protocol/stats-reader.js';

/** What a `stats` request reads from the bytes, after its last reply. */
function read(bytes: string): unknown {
  const request = new Request('line', 'stats', readStats);
  let result: unknown;
  new ReplyParser((reply) => (result = readStats(reply, request))).push(Buffer.from(bytes));
  return result;
}

describe('statistics', () => {
  it('are read into texts by name', () => {
    expect(
      read('STAT pid 1\r\nSTAT empty \r\nSTAT none\r\nSTAT 10:addr tcp:[::1]:5 x\r\nEND\r\n'),
    ).toStrictEqual(
      new Map([
        ['pid', '1'],
        ['empty', ''],
        ['none', ''],
        ['10:addr', 'tcp:[::1]:5 x'],
      ]),
    );
  });

  it('may be none', () => {
    expect(read('END\r\n')).toStrictEqual(new Map());
    expect(read('RESET\r\n')).toStrictEqual(new Map());
  });

  it('keep names apart that JavaScript knows', () => {
    expect(read('STAT __proto__ 1\r\nSTAT constructor 2\r\nEND\r\n')).toStrictEqual(
      new Map([
        ['__proto__', '1'],
        ['constructor', '2'],
      ]),
    );
  });

  it.each([
    'VALUE k 0 1\r\nx\r\n',
    'NOT_FOUND\r\n',
    'STAT\r\n',
    'STAT \r\nEND\r\n',
    'STAT a b\rc\r\nEND\r\n',
    'VERSION 1\r\n',
  ])('are not to be found in %j', (bytes) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'MEMCACHED_PROTOCOL' }));
  });
});
