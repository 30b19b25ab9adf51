import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import type { NearCacheBus } from '../../lib/near-cache-bus.js';
import { MemcachedServer } from '../../lib/testing/index.js';

/** A bus whose connection another part of the application has ended before. */
class EndedBus implements NearCacheBus {
  readonly #end: () => Promise<void>;
  published = 0;

  constructor(end: () => Promise<void>) {
    this.#end = end;
  }

  subscribe(): Promise<void> {
    return Promise.resolve();
  }

  publish(): Promise<void> {
    this.published += 1;
    throw new Error('the connection is closed');
  }

  close(): Promise<void> {
    return this.#end();
  }
}

describe('a bus that has been ended before', () => {
  let server: MemcachedServer;
  const warned = jest.spyOn(process, 'emitWarning');

  beforeEach(async () => {
    warned.mockReset().mockImplementation(() => undefined);
    server = await MemcachedServer.start();
  });
  afterEach(() => server.close());
  afterAll(() => warned.mockRestore());

  it.each<[string, () => Promise<void>, string]>([
    ['rejects', () => Promise.reject(new Error('no connection')), 'could not be closed: no connection'],
    [
      'throws',
      () => {
        throw new Error('no connection');
      },
      'could not be closed: no connection',
    ],
    ['never settles', () => new Promise(() => undefined), 'has not closed within 2000 ms'],
  ])('keeps nothing from working, nor from ending, where its end %s', async (_how, end, warning) => {
    const bus = new EndedBus(end);
    const service = new MemcachedService({ servers: server.address, cache: { near: { maxAge: '1s', bus } } });
    await expect(service.getOrSet('k', () => 'value')).resolves.toBe('value');
    await service.set('k', 'other');
    // Heartbeats, out of timers.
    while (bus.published < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await service.close();
    expect(warned.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining(warning)]);
    await expect(service.client.get('k')).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
  });
});
