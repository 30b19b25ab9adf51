import { afterEach, describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { MemcachedService } from '../lib/index.js';
import { CacheProbe } from '../lib/testing/index.js';

describe('timers and a clock that test runners put into the modules of Node', () => {
  const restore: (() => void)[] = [];

  /** As `node:test` and fake-timers do: nothing goes off, and the clock stands still. */
  const replace = (object: object, names: readonly string[], value: unknown): void => {
    for (const name of names) {
      const own = Object.getOwnPropertyDescriptor(object, name);
      Object.defineProperty(object, name, { value, configurable: true, writable: true });
      restore.push(() =>
        own === undefined ? Reflect.deleteProperty(object, name) : Object.defineProperty(object, name, own),
      );
    }
  };

  afterEach(() => {
    for (const back of restore.splice(0)) back();
  });

  it('stop nothing: not an answer, nor a wait that has to end', async () => {
    await using probe = await CacheProbe.start();
    const service = new MemcachedService({ servers: probe.addresses, commandTimeout: 100 });
    await service.set('key', 1);
    const names = ['setTimeout', 'setInterval', 'setImmediate'];
    replace(timers, [...names, 'clearTimeout', 'clearInterval', 'clearImmediate'], () => undefined);
    replace(promises, ['setTimeout', 'setImmediate'], () => new Promise(() => {}));
    replace(performance, ['now'], () => 7);
    expect(await service.get('key')).toBe(1);
    probe.servers[0].drip();
    expect(await service.get('key')).toBe(1);
    probe.servers[0].stall();
    await expect(service.client.get('key')).rejects.toThrow('no reply within 100 ms');
    await probe.servers[0].heal();
    await probe.settled();
    await service.close();
  });
});
