import { expect, it } from '@jest/globals';
import { createRabbitmqBus } from '../../lib/adapters/bus/rabbitmq.js';
import { createRedisBus } from '../../lib/adapters/bus/redis.js';
import { createCacheManagerStore, createKeyvStore } from '../../lib/adapters/keyv.js';
import { MemcachedSessionStore } from '../../lib/adapters/session.js';
import { MemcachedThrottlerStorage } from '../../lib/adapters/throttler.js';

const source = { servers: '127.0.0.1:1' };

it.each([
  [(given: never) => createKeyvStore(source, given), '{ keyv: 5 }'],
  [(given: never) => createCacheManagerStore(source, given), "{ ttl: '1m' }"],
  [(given: never) => new MemcachedSessionStore(source, given), "{ ttl: '1d' }"],
  [(given: never) => new MemcachedThrottlerStorage(source, given), "{ window: 'sliding' }"],
  [
    (given: never) => createRedisBus({ duplicate: () => ({}), isReady: true } as never, given),
    "{ channel: 'shop' }",
  ],
  [(given: never) => createRabbitmqBus({} as never, given), "{ exchange: 'shop' }"],
])('%p is told what to write for no object of options', (make, example) => {
  for (const [given, shown] of [
    ['text', "'text'"],
    [5, '5'],
    [null, 'null'],
    [[], 'an array'],
  ]) {
    expect(() => make(given as never)).toThrow(`expected an object such as ${example}, got ${String(shown)}`);
  }
});
