import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKeyvStore } from '../../lib/adapters/keyv.js';
import { MemcachedSessionStore } from '../../lib/adapters/session.js';
import { MemcachedService } from '../../lib/nest/memcached.service.js';
import { CacheProbe } from '../../lib/testing/index.js';
import { until } from './support/places.js';

describe('what was kept while a server was away, failover next', () => {
  let probe: CacheProbe;
  let service: MemcachedService;

  beforeEach(async () => {
    probe = await CacheProbe.start(2);
    service = new MemcachedService({
      servers: probe.addresses,
      failover: 'next',
      failuresToDown: 1,
      reconnectDelay: { min: '10ms', max: '10ms' },
    });
    await service.client.connect();
  });
  afterEach(async () => {
    await service.close();
    await probe.close();
  });

  const isUp = (server: number): boolean => service.topology()[server].state === 'up';
  const names = Array.from({ length: 100 }, (_, n) => `n${n}`);
  /** Something that the first server has, of names with a beginning. */
  const onFirst = (start: string): string =>
    names.find((name) => service.client.serverFor(start + name) === probe.addresses[0])!;
  const goes = async (): Promise<void> => {
    await probe.servers[0].down();
    await until(async () => {
      await service.client.get(onFirst(''));
      return !isUp(0);
    });
  };
  const comesBack = async (): Promise<void> => {
    await probe.servers[0].heal();
    await until(() => isUp(0));
  };

  it('is no session any more at the next outage, once it was destroyed', async () => {
    const store = new MemcachedSessionStore(service);
    const sid = onFirst('~session:');
    const done = (work: (callback: (error: unknown, value?: unknown) => void) => void): Promise<unknown> =>
      new Promise((resolve, reject) =>
        work((error, value) => (error instanceof Error ? reject(error) : resolve(value))),
      );
    await goes();
    await done((callback) => store.set(sid, { cookie: {}, user: 'Ada' }, callback));
    await comesBack();
    await done((callback) => store.destroy(sid, callback));
    await goes();
    expect(await done((callback) => store.get(sid, callback))).toBeNull();
  });

  it('is no value of a namespace any more at the next outage, once that was cleared', async () => {
    const store = createKeyvStore(service);
    store.namespace = onFirst('~keyv=');
    /** On the server that stays, under the generation that the first does not know. */
    const key = names.find(
      (name) => service.client.serverFor(`~keyv:${store.namespace}:${name}`) === probe.addresses[1],
    )!;
    await goes();
    expect(await store.set(key, 'old')).toBe(true);
    await comesBack();
    await store.clear();
    await goes();
    expect(await store.get(key)).toBeUndefined();
  });
});
