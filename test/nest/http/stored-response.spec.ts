import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readResponse, type StoredResponse, writeResponse } from '../../../lib/nest/http/stored-response.js';

const stored: StoredResponse = {
  status: 203,
  headers: [
    ['x-run', '1'],
    ['link', ['</a>', '</b>']],
  ],
  removed: ['x-frame-options'],
  at: 1_790_000_000_000,
  form: 'json',
  flags: 0,
  body: '{"a":"\\n"}\n',
};

describe('a stored answer', () => {
  it('comes back as it was, as a text and as bytes', () => {
    expect(readResponse(writeResponse(stored))).toEqual(stored);
    expect(readResponse(Buffer.from(writeResponse(stored)))).toEqual(stored);
  });

  it.each<[string, object]>([
    ['a status of none that is stored', { status: 500 }],
    ['a status beyond all', { status: 99_999 }],
    ['a status in words', { status: '200' }],
    ['headers left out', { headers: undefined }],
    ['headers that are null', { headers: null }],
    ['an entry that is null', { headers: [null] }],
    ['a header that ends in another', { headers: [['x', 'a\r\nset-cookie: evil=1']] }],
    ['a header of no name', { headers: [['x y', 'a']] }],
    ['a header that is an object', { headers: [['etag', { a: 1 }]] }],
    ['a cookie', { headers: [['set-cookie', 'sid=evil']] }],
    ['a length', { headers: [['content-length', '5']] }],
    ['an encoding of the message', { headers: [['transfer-encoding', 'chunked']] }],
    ['a header of the connection', { headers: [['connection', 'close']] }],
    ['a dependence on everything', { headers: [['vary', 'accept, *']] }],
    ['capitals in a name', { headers: [['Set-Cookie', 'sid=evil']] }],
    ['the name of what is taken away', { removed: ['a b'] }],
    ['the removal of a cookie', { removed: ['set-cookie'] }],
    ['a time that is none', { at: 'zz' }],
    ['a form of no release', { form: 'html' }],
    ['flags that are none', { flags: -0.5 }],
  ])('is none with %s', (_, forged) => {
    const text = writeResponse({ ...stored, ...forged });
    expect(readResponse(text)).toBeUndefined();
  });

  it('is nothing else that may be stored, and nothing throws', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.json().map((json) => `${json}\nbody`),
      fc.uint8Array(),
    );
    fc.assert(fc.property(anything, (value) => expect(readResponse(value)).toBeUndefined()));
  });
});
