import { describe, expect, it } from '@jest/globals';
import { carriesOpaque, encodeMeta, nextOpaque } from '../../lib/protocol/meta.js';
import type { Request, RequestKind } from '../../lib/protocol/request.js';
import { request } from './requests.js';

const data = Buffer.from('hello');

const LINES: readonly (readonly [line: string, kind: RequestKind, fields: Partial<Request>])[] = [
  ['mg k v f O7', 'get', {}],
  ['mg aw== b v f O7', 'get', { binaryKey: true }],
  ['mg k v f c O7', 'gets', {}],
  ['mg k v f T60 O7', 'get-and-touch', { exptime: 60 }],
  ['mg k T60 O7', 'touch', { exptime: 60 }],
  ['mg k T0 O7', 'touch', { exptime: 0 }],
  ['mg k v f c t s h l u O7', 'lookup', {}],
  ['me k', 'metadebug', {}],
  ['me aw== b', 'metadebug', { binaryKey: true }],
  ['mg k v f c t O7', 'lease-get', {}],
  ['mg k v f c t N30 O7', 'lease-get', { leaseSeconds: 30 }],
  ['mg k v f c t R10 O7', 'lease-get', { recacheSeconds: 10 }],
  ['mg k v f c t N30 R10 O7', 'lease-get', { leaseSeconds: 30, recacheSeconds: 10 }],
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

describe('the meta dialect', () => {
  it.each(LINES)('says %j', (line, kind, fields) => {
    const key = fields.binaryKey === true ? 'aw==' : 'k';
    const asked = request(kind, key, { opaque: 7, ...fields });
    expect(encodeMeta(asked)).toBe(`${line}\r\n`);
    expect(carriesOpaque(asked)).toBe(line.endsWith(' O7'));
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 32, '5' as unknown as number])('refuses %p as client flags', (flags) => {
    const asked = request('set', 'k', { data, flags, opaque: 7 });
    expect(() => encodeMeta(asked)).toThrow(expect.objectContaining({ code: 'MEMCACHED_CODEC' }));
  });

  it.each([undefined, 7, new Uint8Array(3)])('refuses %p as data', (wrong) => {
    const asked = request('set', 'k', { data: wrong as Buffer, opaque: 7 });
    expect(() => encodeMeta(asked)).toThrow(expect.objectContaining({ code: 'MEMCACHED_CODEC' }));
  });

  it('counts opaques from 0 to 4095 and around, however long it lives', () => {
    let opaque = 0;
    const seen = new Set<number>();
    for (let count = 0; count < 4096; count += 1) {
      seen.add(opaque);
      opaque = nextOpaque(opaque);
    }
    expect(seen.size).toBe(4096);
    expect(opaque).toBe(0);
    expect(encodeMeta(request('get', 'k', { opaque: 4095 }))).toBe('mg k v f O4095\r\n');
  });
});
