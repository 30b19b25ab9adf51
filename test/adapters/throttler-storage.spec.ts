import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { MemcachedThrottlerStorage, type ThrottlerStorageOptions } from '../../lib/adapters/throttler.js';
import { ConnectionError } from '../../lib/errors.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { MemcachedServer } from '../../lib/testing/memcached-server.js';
import { compileLib } from '../cache/processes/compiled-lib.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { runTogether } from './support/child-program.js';
import { inEveryPlace, until } from './support/places.js';

inEveryPlace('the throttler storage', (place) => {
  const storage = (options?: ThrottlerStorageOptions) =>
    new MemcachedThrottlerStorage(place.service, options);

  it.each<[string, ThrottlerStorageOptions, number]>([
    ['fixed', {}, 60_000],
    ['fixed, without a block', {}, 0],
    ['sliding', { window: 'sliding' }, 60_000],
    ['sliding, without a block', { window: 'sliding' }, 0],
  ])('lets through the limit of a burst on several clients, and no more: %s', async (_, options, block) => {
    const others = [0, 1, 2].map(() => place.another());
    const all = [place.service, ...others].map((service) => new MemcachedThrottlerStorage(service, options));
    const keys = [randomUUID(), randomUUID()];
    for (const key of keys) {
      const answers = await Promise.all(
        all.flatMap((each) =>
          Array.from({ length: 50 }, () => each.increment(key, 86_400_000, 100, block, 'burst')),
        ),
      );
      expect(answers.filter(({ isBlocked }) => !isBlocked)).toHaveLength(100);
    }
  });

  it('counts hits of one throttler and none of another, whatever their names', async () => {
    const ours = storage();
    const key = randomUUID();
    const hits = [
      await ours.increment(`b:${key}`, 60_000, 10, 0, 'a'),
      await ours.increment(key, 60_000, 10, 0, 'a:b'),
      await ours.increment(key, 60_000, 10, 0, 'a%3Ab'),
    ];
    expect(hits.map(({ totalHits }) => totalHits)).toEqual([1, 1, 1]);
  });

  it('lets a short window slide, block and begin anew', async () => {
    const ours = storage();
    const key = randomUUID();
    const hit = () => ours.increment(key, 400, 2, 300, 'short');
    const blocked = async (): Promise<number> => {
      for (let hits = 1; ; hits += 1) if ((await hit()).isBlocked) return hits;
    };
    await blocked();
    expect(await hit()).toMatchObject({ totalHits: 3, isBlocked: true, timeToBlockExpire: 1 });
    await until(async () => !(await hit()).isBlocked);
    expect(await blocked()).toBeLessThanOrEqual(3);
  });

  it('counts what was in the window before the less, the longer it is over', async () => {
    jest.useFakeTimers({
      now: 1_800_000_000_000,
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'performance'],
    });
    const ours = storage({ window: 'sliding' });
    const key = randomUUID();
    const hit = async () => (await ours.increment(key, 60_000, 10, 0, 'slides')).isBlocked;
    for (let hits = 0; hits < 10; hits += 1) expect(await hit()).toBe(false);
    expect(await hit()).toBe(true);
    jest.setSystemTime(1_800_000_000_000 + 60_000 + 30_000); // half of them are out of the window
    const answers: boolean[] = [];
    for (let hits = 0; hits < 7; hits += 1) answers.push(await hit());
    expect(answers).toEqual([false, false, false, false, false, true, true]);
  });

  it('does not begin anew once more when what tells of a block is over', async () => {
    const begun = 1_800_000_000_000;
    jest.useFakeTimers({
      now: begun,
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'performance'],
    });
    const ours = storage({ window: 'sliding' });
    const key = randomUUID();
    const hit = async () => (await ours.increment(key, 60_000, 2, 90_000, 'blocks')).isBlocked;
    const burst = async () => [await hit(), await hit(), await hit()];
    expect(await burst()).toEqual([false, false, true]);
    jest.setSystemTime(begun + 90_000); // in the middle of a slice
    expect([await hit(), await hit()]).toEqual([false, false]);
    jest.setSystemTime(begun + 120_000); // in the next one, in which those count on
    expect(await hit()).toBe(true);
    jest.setSystemTime(begun + 120_000 + 90_000 + 120_000);
    expect([await hit(), await hit()]).toEqual([false, false]);
    // As memcached does when the block's item is over.
    await place.service.client.delete(`~throttle:blocks:${key}:block`);
    expect(await hit()).toBe(true);
  });

  it.each<[string, ThrottlerStorageOptions, number, 'touch' | 'set' | 'decr' | 'count']>([
    ['fixed', {}, 60_000, 'touch'],
    ['sliding', { window: 'sliding' }, 60_000, 'set'],
    ['sliding, without a block', { window: 'sliding' }, 0, 'decr'],
    ['sliding, at the slice before', { window: 'sliding' }, 60_000, 'count'],
  ])(
    'refuses what is over the limit, though the server fails then: %s',
    async (_, options, block, command) => {
      const ours = storage(options);
      const key = randomUUID();
      const hit = () => ours.increment(key, 86_400_000, 2, block, 'fails');
      await hit();
      await hit();
      const broken = jest.spyOn(place.service.client, command);
      broken.mockRejectedValueOnce(new ConnectionError('lost', 'nowhere', 'unknown'));
      expect(await hit()).toMatchObject({ isBlocked: true, totalHits: 3 });
      expect(broken).toHaveBeenCalled();
      broken.mockRestore();
    },
  );

  it('blocks though the window has ended in the moment of the hit', async () => {
    const ours = storage();
    const key = randomUUID();
    const hit = () => ours.increment(key, 60_000, 2, 60_000, 'ends');
    await hit();
    await hit();
    const { client } = place.service;
    const touch = client.touch.bind(client);
    const ending = jest.spyOn(client, 'touch').mockImplementationOnce(async (name, ttl, options) => {
      await client.delete(name);
      return touch(name, ttl, options);
    });
    expect(await hit()).toMatchObject({ isBlocked: true });
    ending.mockRestore();
    expect(await hit()).toMatchObject({ isBlocked: true, totalHits: 3 });
  });

  it.each<ThrottlerStorageOptions>([{}, { window: 'sliding' }])(
    'counts in windows and blocks that end after memcached can count, or never: %j',
    async (options) => {
      const ours = storage(options);
      for (const ttl of [20 * 365 * 86_400_000, Number.POSITIVE_INFINITY]) {
        const key = randomUUID();
        const hit = async () => (await ours.increment(key, ttl, 2, ttl, 'long')).isBlocked;
        expect([await hit(), await hit(), await hit(), await hit()]).toEqual([false, false, true, true]);
      }
    },
  );

  afterEach(() => {
    jest.useRealTimers();
  });
});

describeReal('what the throttler storage sends', () => {
  it('is one request for a hit, and one more for the hit that crosses the limit', async () => {
    await using server = await startMemcached({ args: ['-vv'] });
    await using service = new MemcachedService({ servers: server.address });
    const ours = new MemcachedThrottlerStorage(service);
    const hit = () => ours.increment('key', 60_000, 2, 60_000, 'counted');
    for (let hits = 0; hits < 5; hits += 1) await hit();
    await service.client.get('end');
    await until(() => server.stderr.includes('end'));
    const commands = [...server.stderr.matchAll(/^<\d+ (m[agsd] .*|touch .*)/gm)].map(
      ([, line]) => line.split(' ')[0],
    );
    expect(commands).toEqual(['ma', 'ma', 'ma', expect.stringMatching(/^(mg|touch)$/), 'ma', 'ma', 'mg']);
  });
});

describe('the throttler storage without a server', () => {
  it('lets everybody through, or nobody, as it is told', async () => {
    const server = await MemcachedServer.start();
    await using service = new MemcachedService({ servers: server.address });
    await server.close();
    for (const window of ['fixed', 'sliding'] as const) {
      const open = new MemcachedThrottlerStorage(service, { window });
      expect(await open.increment('key', 60_000, 2, 60_000, 'default')).toEqual({
        totalHits: 1,
        timeToExpire: 60,
        isBlocked: false,
        timeToBlockExpire: 0,
      });
      const closed = new MemcachedThrottlerStorage(service, { window, onStoreError: 'closed' });
      expect(await closed.increment('key', 60_000, 2, 60_000, 'default')).toMatchObject({
        isBlocked: true,
        timeToBlockExpire: 60,
      });
    }
    expect(() => new MemcachedThrottlerStorage(service, { window: 'slidng' as never })).toThrow(
      "did you mean 'sliding'?",
    );
  });
});

describe('in processes of their own', () => {
  const APPLICATIONS = 'test/adapters/processes/throttled-apps';
  const BURST = 'test/adapters/processes/burst';
  let lib: ReturnType<typeof compileLib>;

  beforeAll(() => {
    lib = compileLib([`${APPLICATIONS}.ts`, `${BURST}.ts`]);
  });
  afterAll(() => lib.remove());

  it('the storage answers as the one in memory, and guards of every transport count on it', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [`${lib.dir}/../${APPLICATIONS}.js`]);
    expect(stdout.trim().split('\n')).toEqual([
      'as in memory',
      'Express',
      'Fastify',
      'GraphQL',
      'WebSocket',
      'closed',
    ]);
  }, 60_000);

  it('four of them with 500 hits each get through the limit, and no more', async () => {
    await using one = await MemcachedServer.start();
    await using other = await MemcachedServer.start();
    const each = [`${one.address},${other.address}`, '500', '100', 'fixed,sliding'];
    const passed = await runTogether(`${lib.dir}/../${BURST}.js`, each, each, each, each);
    const sum = (window: number): number =>
      passed.reduce((total, counts) => total + Number(counts[window]), 0);
    expect([sum(0), sum(1)]).toEqual([100, 100]);
  }, 60_000);
});
