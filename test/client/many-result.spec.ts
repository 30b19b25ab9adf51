import { describe, expect, it } from '@jest/globals';
import { ManyResult } from '../../lib/client/many-result.js';
import { ServerError } from '../../lib/errors.js';

describe('the result of a command over many keys', () => {
  it('keeps its failures in JSON', () => {
    const result = new ManyResult<number>();
    result.set('__proto__', 1);
    result.failures.push({
      server: 's:1',
      keys: ['b'],
      error: new ServerError('no', 's:1', 'SERVER_ERROR no'),
    });
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      entries: [['__proto__', 1]],
      failures: [
        {
          server: 's:1',
          keys: ['b'],
          error: { name: 'ServerError', code: 'MEMCACHED_SERVER', message: 'no' },
        },
      ],
    });
  });
});
