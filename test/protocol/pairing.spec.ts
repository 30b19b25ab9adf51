import { describe, expect, it } from '@jest/globals';
import { answers, isRefusal } from '../../lib/protocol/pairing.js';
import { ReplyParser } from '../../lib/protocol/reply-parser.js';
import type { Request, RequestKind } from '../../lib/protocol/request.js';
import { request, type Fields } from './requests.js';

/** Whether the first reply in these bytes can answer the request. */
function fits(bytes: string, asked: Request): boolean {
  const verdicts: boolean[] = [];
  const parser = new ReplyParser((reply) => verdicts.push(answers(reply, asked)));
  parser.push(Buffer.from(`${bytes}\r\n`, 'latin1'));
  return verdicts[0];
}

const REPLIES = [
  'STORED',
  'NOT_STORED',
  'EXISTS',
  'NOT_FOUND',
  'DELETED',
  'TOUCHED',
  'OK',
  'END',
  'VALUE k 0 1\r\nx',
  'VALUE other 0 1\r\nx',
  'VA 1\r\nx',
  'HD',
  'EN',
  '5',
  'STAT a b\r\nEND',
  'VERSION 1.6.18',
  'MN',
  'ME k exp=-1',
  'ME other exp=-1',
  'key=k exp=-1',
] as const;

/** What each classic request can be answered with, out of all of these. */
const CLASSIC: readonly (readonly [kind: RequestKind, fields: Fields, replies: readonly string[]])[] = [
  ['get', {}, ['END', 'VALUE k 0 1\r\nx']],
  ['gets', {}, ['END', 'VALUE k 0 1\r\nx']],
  ['get-and-touch', {}, ['END', 'VALUE k 0 1\r\nx']],
  ['get-many', { keys: ['a', 'k'], settled: true }, ['END', 'VALUE k 0 1\r\nx']],
  ['gets-many', { keys: ['a', 'k'], settled: true }, ['END', 'VALUE k 0 1\r\nx']],
  ['set', {}, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'EN']],
  ['add', {}, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'EN']],
  ['replace', {}, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'EN']],
  ['append', {}, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'EN']],
  ['prepend', {}, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'EN']],
  ['cas', {}, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'EN']],
  ['delete', {}, ['NOT_FOUND', 'DELETED', 'EN']],
  ['renew', {}, ['NOT_FOUND', 'TOUCHED', 'EN']],
  ['incr', {}, ['NOT_FOUND', 'EN', '5']],
  ['decr', {}, ['NOT_FOUND', 'EN', '5']],
  ['metadebug', {}, ['NOT_FOUND', 'EN', 'ME k exp=-1']],
  ['mark-stale', {}, []],
  ['lease-get', {}, []],
  ['lookup', {}, []],
  ['line', { key: 'version' }, ['VERSION 1.6.18']],
  ['line', { key: 'mn' }, ['MN']],
  ['line', { key: 'stats settings' }, ['STORED', 'DELETED', 'TOUCHED', 'OK', 'END', 'HD', 'STAT a b\r\nEND']],
  ['line', { key: 'config get cluster' }, ['END', 'VALUE k 0 1\r\nx', 'VALUE other 0 1\r\nx', 'VA 1\r\nx']],
  ['line', { key: 'something new' }, REPLIES],
];

describe('pairing a reply with a request', () => {
  it.each(CLASSIC)('takes for an answer to a classic %s %j only what can be one', (kind, fields, replies) => {
    const asked = request(kind, 'k', { opaque: -1, ...fields });
    expect(REPLIES.filter((reply) => fits(reply, asked))).toStrictEqual(replies);
  });

  it.each(['get', 'set', 'delete', 'incr', 'lease-get', 'lookup'] as const)(
    'goes by the opaque alone for a meta %s',
    (kind) => {
      const asked = request(kind, 'k', { opaque: 5 });
      expect(fits('HD O5', asked)).toBe(true);
      expect(fits('VA 1 O5\r\nx', asked)).toBe(true);
      for (const reply of ['HD O6', 'HD', 'VA 1\r\nx', 'STORED', 'END', 'VALUE k 0 1\r\nx', 'MN']) {
        expect(fits(reply, asked)).toBe(false);
      }
    },
  );

  it('takes no reply with an opaque for a request that has none', () => {
    expect(fits('HD O0', request('line', 'something new'))).toBe(false);
    expect(fits('EN O0', request('get-many', '', { keys: ['k'] }))).toBe(false);
  });

  it('takes no more items than there are keys', () => {
    const item = 'VALUE k 0 1\r\nx';
    expect(fits(item, request('get', 'k', { items: 1 }))).toBe(false);
    const many = request('get-many', '', { keys: ['k', 'l'], items: 1 });
    expect(fits(item, many)).toBe(true);
    many.items = 2;
    expect(fits(item, many)).toBe(false);
    expect(fits('END', many)).toBe(true);
  });

  it('leaves the keys of a live many-key read to its reader', () => {
    expect(fits('VALUE other 0 1\r\nx', request('get-many', '', { keys: ['k'] }))).toBe(true);
  });

  it.each(['ERROR', 'CLIENT_ERROR bad', 'SERVER_ERROR out of memory', 'BUSY crawling'])(
    'takes %s for a refusal, which can answer anything',
    (line) => {
      const refused: boolean[] = [];
      new ReplyParser((reply) => refused.push(isRefusal(reply))).push(Buffer.from(`${line}\r\n`));
      expect(refused).toStrictEqual([true]);
    },
  );
});
