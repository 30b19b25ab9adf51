import { describe, expect, it, jest } from '@jest/globals';
import { ConnectionError } from '../../lib/errors.js';
import { Request, type RequestKind } from '../../lib/protocol/request.js';
import { request } from './requests.js';

describe('a request', () => {
  it.each([
    ['get "user:1"', request('get', 'user:1')],
    ['set "a\\r\\nb"', request('set', 'a\r\nb')],
    ['get-many of 3 keys', request('get-many', '', { keys: ['a', 'b', 'c'] })],
    ['stats', request('line', 'stats settings')],
    ['set', request('line', 'set auth 0 0 12\r\nalice s3cret')],
  ])('is called %s in errors', (label, asked) => {
    expect(asked.label).toBe(label);
  });

  it('is called by the key as the user wrote it', () => {
    expect(request('get', 'prefix:YQ==', { userKey: 'a b' }).label).toBe('get "a b"');
  });

  it('tells its caller once', () => {
    const asked = new Request('get', 'k', () => undefined);
    asked.resolve = jest.fn();
    asked.reject = jest.fn();
    asked.succeed(1);
    asked.succeed(2);
    asked.fail(new ConnectionError('gone', 'a:1', 'unknown'));
    expect(asked.resolve).toHaveBeenCalledTimes(1);
    expect(asked.resolve).toHaveBeenCalledWith(1);
    expect(asked.reject).not.toHaveBeenCalled();
  });

  it('may be told nothing when nobody listens', () => {
    const asked = new Request('get', 'k', () => undefined);
    asked.fail(new ConnectionError('gone', 'a:1', 'unknown'));
    expect(asked.settled).toBe(true);
  });

  it('can be tried again after it failed', () => {
    const asked = new Request('get', 'k', () => undefined);
    const told: unknown[] = [];
    asked.resolve = (result) => told.push(result);
    asked.progress = 'written';
    asked.gathered = ['half'];
    asked.fail(new ConnectionError('gone', 'a:1', 'unknown'));
    asked.renew();
    expect(asked).toMatchObject({ settled: false, retried: true, outcome: 'not-sent', gathered: undefined });
    asked.succeed('value');
    expect(told).toStrictEqual(['value']);
  });

  it('says of its failure whether anything was sent', () => {
    const asked = new Request('incr', 'k', () => undefined);
    expect(asked.outcome).toBe('not-sent');
    asked.progress = 'written';
    expect(asked.outcome).toBe('unknown');
  });

  it('is repeated only where twice is the same as once', () => {
    const kinds: RequestKind[] = [
      'get',
      'gets',
      'get-and-touch',
      'lease-get',
      'lookup',
      'metadebug',
      'get-many',
      'gets-many',
      'set',
      'add',
      'replace',
      'append',
      'prepend',
      'cas',
      'delete',
      'mark-stale',
      'touch',
      'renew',
      'incr',
      'decr',
      'line',
    ];
    expect(kinds.filter((kind) => request(kind, 'k').repeatable)).toStrictEqual([
      'get',
      'gets',
      'get-and-touch',
      'lookup',
      'metadebug',
      'get-many',
      'gets-many',
      'touch',
      'renew',
    ]);
  });
});
