import { describe, expect, it } from '@jest/globals';
import { encodeClassic } from '../../lib/protocol/classic.js';
import { encodeMeta } from '../../lib/protocol/meta.js';
import { Opaques } from '../../lib/protocol/opaques.js';
import type { RequestKind } from '../../lib/protocol/request.js';
import { request, type Fields } from './requests.js';

const data = Buffer.from('hello');

const LINES: readonly (readonly [line: string, kind: RequestKind, fields: Fields])[] = [
  ['mg k v f O7', 'get', {}],
  ['mg aw== b v f O7', 'get', { binaryKey: true }],
  ['mg k v f c O7', 'gets', {}],
  ['mg k v f t T60 O7', 'get-and-touch', { exptime: 60 }],
  ['mg k s f t T60 O7', 'touch', { exptime: 60 }],
  ['ma k D1 v t O7', 'count', {}],
  ['ma k N60 J5 D2 v t O7', 'count', { exptime: 60, initial: '5', delta: '2' }],
  ['mg k s f t T0 O7', 'renew', { exptime: 0 }],
  ['mg k v f c t s h l u O7', 'lookup', {}],
  ['me k', 'metadebug', {}],
  ['me aw== b', 'metadebug', { binaryKey: true }],
  ['mg k v f c t O7', 'lease-get', {}],
  ['mg k v f c t N30 O7', 'lease-get', { leaseExptime: 30 }],
  ['mg k v f c t R10 O7', 'lease-get', { recacheExptime: 10 }],
  ['mg k v f c t N30 R10 O7', 'lease-get', { leaseExptime: 30, recacheExptime: 10 }],
  ['ms k 5 O7', 'set', { data }],
  ['ms k 0 F2 O7', 'set', { data: Buffer.alloc(0), flags: 2 }],
  ['ms k 5 F4294967295 T60 O7', 'set', { data, flags: 2 ** 32 - 1, exptime: 60 }],
  ['ms k 5 T-1 O7', 'set', { data, exptime: -1 }],
  ['ms aw== 5 b F16 O7', 'set', { data, binaryKey: true, flags: 16 }],
  ['ms k 5 ME F16 T60 O7', 'add', { data, flags: 16, exptime: 60 }],
  ['ms k 5 MR O7', 'replace', { data }],
  ['ms k 5 MA O7', 'append', { data }],
  ['ms k 5 MP O7', 'prepend', { data }],
  ['ms k 5 F16 C18446744073709551615 O7', 'cas', { data, flags: 16, cas: '18446744073709551615' }],
  ['ms k 5 C9 O7', 'cas', { data, cas: '9' }],
  ['md k O7', 'delete', {}],
  ['md k C9 O7', 'delete', { cas: '9' }],
  ['md aw== b O7', 'delete', { binaryKey: true }],
  ['md k I T15 O7', 'mark-stale', { exptime: 15 }],
  ['md k I T15 C9 O7', 'mark-stale', { exptime: 15, cas: '9' }],
  ['ma k D1 v O7', 'incr', {}],
  ['ma k D18446744073709551615 v O7', 'incr', { delta: '18446744073709551615' }],
  ['ma k MD D5 v O7', 'decr', { delta: '5' }],
  ['get a b c', 'get-many', { keys: ['a', 'b', 'c'] }],
  ['gets a', 'gets-many', { keys: ['a'] }],
  ['stats settings', 'line', { key: 'stats settings' }],
];

const opaques = (): Opaques => new Opaques('', 7);

describe('the meta dialect', () => {
  it.each(LINES)('says %j', (line, kind, fields) => {
    const key = fields.binaryKey === true ? 'aw==' : 'k';
    const asked = request(kind, key, fields);
    expect(encodeMeta(asked, opaques())).toBe(`${line}\r\n`);
    expect(asked.opaque).toBe(line.endsWith(' O7') ? 7 : -1);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 32, '5' as unknown as number])('refuses %p as client flags', (flags) => {
    const asked = request('set', 'k', { data, flags });
    expect(() => encodeMeta(asked, opaques())).toThrow(expect.objectContaining({ code: 'MEMCACHED_CODEC' }));
  });

  it.each([undefined, 7, new Uint8Array(3)])('refuses %p as data', (wrong) => {
    const asked = request('set', 'k', { data: wrong as Buffer });
    expect(() => encodeMeta(asked, opaques())).toThrow(expect.objectContaining({ code: 'MEMCACHED_CODEC' }));
  });

  it('ends in the opaque of the connection', () => {
    const itsOwn = new Opaques('AbCd.', 4095);
    expect(encodeMeta(request('get', 'k'), itsOwn)).toBe('mg k v f OAbCd.4095\r\n');
    expect(encodeMeta(request('touch', 'k'), itsOwn)).toBe('mg k s f t T0 OAbCd.0\r\n');
  });

  it.each<[RequestKind, Fields]>([
    ['get', { key: 'k\r\nflush_all' }],
    ['get', { key: '' }],
    ['get', { key: 'k'.repeat(251) }],
    ['get-many', { keys: ['a', 'b\r\nflush_all'] }],
    ['lease-get', { leaseExptime: '1\r\nflush_all' as never }],
    ['lease-get', { leaseExptime: -1 }],
    ['lease-get', { leaseExptime: 1.5 }],
    ['lease-get', { recacheExptime: Number.NaN }],
    ['lease-get', { recacheExptime: { valueOf: () => 1 } as never }],
    ['renew', { exptime: 2 ** 31 }],
    ['delete', { cas: '1 I' }],
    ['cas', { data, cas: '18446744073709551616' }],
    ['incr', { delta: '1\r\nflush_all' }],
    ['incr', { delta: ['1'] as never }],
    ['set', { data, exptime: '0 1\r\n' as never }],
    ['line', { key: 'stats\r\nflush_all' }],
  ])('refuses what is not of its kind: %s %p', (kind, fields) => {
    const asked = request(kind, 'k', fields);
    const refusal = expect.objectContaining({ code: 'MEMCACHED_INVALID_ARGUMENT' });
    expect(() => encodeMeta(asked, opaques())).toThrow(refusal);
    const classicToo = kind !== 'lease-get' && !('cas' in fields && kind === 'delete');
    if (classicToo) expect(() => encodeClassic(asked)).toThrow(refusal);
  });
});
