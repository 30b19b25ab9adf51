import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, type LoggerService, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import {
  Cacheable,
  MemcachedModule,
  type MemcachedModuleOptions,
  MemcachedService,
} from '../../lib/index.js';
import { Notices } from '../../lib/nest/notices.js';
import { FaultyServer } from '../../lib/testing/index.js';
import { FakeClock } from '../cache/support/fake-clock.js';

const MINUTE = 60_000;

class Lines implements LoggerService {
  readonly warnings: string[] = [];
  log(): void {}
  error(): void {}
  warn(message: string): void {
    this.warnings.push(message);
  }
}

describe('the notices in the log', () => {
  let server: FaultyServer;
  let memcached: MemcachedService;
  let clock: FakeClock;
  let lines: Lines;
  let notices: Notices;

  const watch = (options: MemcachedModuleOptions = {}): void => {
    memcached = new MemcachedService({
      servers: server.address,
      reconnectDelay: { min: '1ms', max: '5ms' },
      ...options,
    });
    notices = new Notices(memcached, lines, clock);
    notices.onApplicationBootstrap();
  };
  const read = async (key: string, times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) await memcached.get(key);
  };

  beforeEach(async () => {
    Logger.overrideLogger(false);
    server = await FaultyServer.start(() => Date.now());
    clock = new FakeClock();
    lines = new Lines();
  });
  afterEach(async () => {
    notices.onApplicationShutdown();
    expect(clock.pending).toBe(0);
    await memcached.close();
    await server[Symbol.asyncDispose]();
  });

  it('are none while all is well', async () => {
    watch();
    await memcached.set('a', 1);
    for (let minute = 0; minute < 5; minute += 1) {
      await read('a', 150);
      await read('missing', 30);
      await clock.advance(MINUTE);
    }
    expect(lines.warnings).toEqual([]);
  });

  it('tell once an hour that calls of a method leave nothing, and why', async () => {
    watch();
    const call = (): Promise<unknown> => memcached.getOrSet('report', () => () => 'a function');
    const minute = async (calls: number): Promise<void> => {
      for (let done = 0; done < calls; done += 1) await call();
      await clock.advance(MINUTE);
    };
    await minute(19);
    expect(lines.warnings).toEqual([]);
    await minute(20);
    expect(lines.warnings).toEqual([
      '20 calls of MemcachedService in a minute left nothing in the cache, since their values cannot be stored.',
    ]);
    await minute(20);
    expect(lines.warnings).toHaveLength(1);
    await clock.advance(59 * MINUTE);
    await minute(25);
    expect(lines.warnings).toHaveLength(2);
  });

  it('tell a hit ratio that has collapsed, with what it was', async () => {
    watch();
    await memcached.set('a', 1);
    for (let minute = 0; minute < 3; minute += 1) {
      await read('a', 200);
      await clock.advance(MINUTE);
    }
    await read('a', 40);
    await read('missing', 160);
    await clock.advance(MINUTE);
    expect(lines.warnings).toEqual([
      expect.stringMatching(/^The hit ratio has fallen to 20 % of 200 requests in a minute, from 100 %: /),
    ]);
  });

  it('say nothing of a ratio that was always low, or of a few requests', async () => {
    watch();
    for (let minute = 0; minute < 3; minute += 1) {
      await read('missing', 120);
      await clock.advance(MINUTE);
    }
    await memcached.set('a', 1);
    await read('a', 50);
    await clock.advance(MINUTE);
    await read('missing', 50);
    await clock.advance(MINUTE);
    expect(lines.warnings).toEqual([]);
  });

  it('tell a server that goes down again and again, in one line with whatever else there is', async () => {
    watch({ maxOwedDeletes: 0 });
    const state = async (wanted: string): Promise<void> => {
      for (;;) {
        const [event] = await once(memcached.client, 'node');
        if (event.state === wanted) return;
      }
    };
    await memcached.connect();
    for (let time = 1; time <= 3; time += 1) {
      const down = state('down');
      await server.down();
      await memcached.get('a');
      await down;
      await clock.advance(MINUTE);
      if (time === 3) break;
      expect(lines.warnings).toEqual([]);
      const up = state('up');
      await server.heal();
      await up;
    }
    expect(lines.warnings).toEqual([
      expect.stringMatching(`^${server.address} has gone down 3 times within 10 minutes: `),
    ]);
    await memcached.invalidate('a');
    await clock.advance(MINUTE);
    expect(lines.warnings).toHaveLength(2);
    expect(lines.warnings[1]).toContain(`${server.address} is owed more invalidations than are remembered`);
  });

  it.each([true, false])(
    'are there in a module that is loaded later, and end with the application; decorators: %s',
    async (enabled) => {
      watch();
      @Module({
        imports: [
          MemcachedModule.forRoot({
            servers: server.address,
            connectAtStart: false,
            decorators: { enabled, unprovided: 'ignore' },
          }),
        ],
      })
      class Later {}
      const testing = await Test.createTestingModule({}).compile();
      await testing.init();
      const { client } = (await testing.get(LazyModuleLoader).load(() => Later)).get(MemcachedService, {
        strict: false,
      });
      const listening = client.listenerCount('node');
      await testing.close();
      expect(listening - client.listenerCount('node')).toBe(1);
      await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
    },
  );

  it('are off by option, on without, and end with the application', async () => {
    watch();
    @Injectable()
    class Reports {
      @Cacheable({ key: 'report:{0}' })
      async find(_id: number): Promise<unknown> {
        return () => 'a function';
      }
    }
    for (const wanted of [true, false]) {
      const module = await Test.createTestingModule({
        imports: [
          MemcachedModule.forRoot({ servers: server.address, connectAtStart: false, notices: wanted }),
        ],
        providers: [Reports],
      }).compile();
      const app = await module.init();
      const found: unknown = app.get(Notices, { strict: false });
      expect(found instanceof Notices).toBe(wanted);
      const { client } = app.get(MemcachedService);
      const listening = client.listenerCount('node');
      await app.close();
      expect(listening - client.listenerCount('node')).toBe(wanted ? 1 : 0);
    }
  });
});
