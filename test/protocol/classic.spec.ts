import { describe, expect, it } from '@jest/globals';
import { encodeClassic } from '../../lib/protocol/classic.js';
import type { RequestKind } from '../../lib/protocol/request.js';
import { request, type Fields } from './requests.js';

const data = Buffer.from('hello');

const LINES: readonly (readonly [line: string, kind: RequestKind, fields: Fields])[] = [
  ['get k', 'get', {}],
  ['gets k', 'gets', {}],
  ['touch k 60', 'renew', { exptime: 60 }],
  ['get a b c', 'get-many', { keys: ['a', 'b', 'c'] }],
  ['gets a b', 'gets-many', { keys: ['a', 'b'] }],
  ['set k 0 0 5', 'set', { data }],
  ['set k 4294967295 60 0', 'set', { data: Buffer.alloc(0), flags: 2 ** 32 - 1, exptime: 60 }],
  ['set k 0 -1 5', 'set', { data, exptime: -1 }],
  ['add k 16 60 5', 'add', { data, flags: 16, exptime: 60 }],
  ['replace k 0 0 5', 'replace', { data }],
  ['append k 0 0 5', 'append', { data }],
  ['prepend k 0 0 5', 'prepend', { data }],
  [
    'cas k 16 60 5 18446744073709551615',
    'cas',
    { data, flags: 16, exptime: 60, cas: '18446744073709551615' },
  ],
  ['delete k', 'delete', {}],
  ['incr k 1', 'incr', {}],
  ['decr k 18446744073709551615', 'decr', { delta: '18446744073709551615' }],
  ['version', 'line', { key: 'version' }],
];

const UNSPEAKABLE: readonly (readonly [what: string, kind: RequestKind, fields: Fields])[] = [
  ['a key that is not plain', 'get', { binaryKey: true }],
  ['a lease', 'lease-get', { leaseExptime: 30 }],
  ['a stale mark', 'mark-stale', { exptime: 30 }],
  ['deleting by cas token', 'delete', { cas: '1' }],
  ['reading and touching in one', 'get-and-touch', {}],
  ['a lookup', 'lookup', {}],
  ['metadebug', 'metadebug', {}],
];

describe('the classic dialect', () => {
  it.each(LINES)('says %j', (line, kind, fields) => {
    expect(encodeClassic(request(kind, 'k', fields))).toBe(`${line}\r\n`);
  });

  it.each(UNSPEAKABLE)('refuses %s and names the option', (_what, kind, fields) => {
    const asked = request(kind, 'k', fields);
    expect(() => encodeClassic(asked)).toThrow(
      expect.objectContaining({
        code: 'MEMCACHED_UNSUPPORTED',
        message: expect.stringMatching(/"k".*option protocol/),
      }),
    );
  });

  // memcached takes the data block after `set k -1 …` for commands: a value could then hold a flush_all.
  it.each([-1, 0.5, Number.NaN, 2 ** 32])('refuses %p as client flags', (flags) => {
    const asked = request('set', 'k', { data: Buffer.from('flush_all\r\n'), flags });
    expect(() => encodeClassic(asked)).toThrow(
      expect.objectContaining({
        code: 'MEMCACHED_CODEC',
        message: expect.not.stringContaining('flush'),
      }),
    );
  });

  it.each([undefined, 7, new Uint8Array(3)])('refuses %p as data', (wrong) => {
    const asked = request('cas', 'k', { data: wrong as Buffer, cas: '1' });
    expect(() => encodeClassic(asked)).toThrow(expect.objectContaining({ code: 'MEMCACHED_CODEC' }));
  });
});
