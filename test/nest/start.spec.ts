import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Logger, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { EventEmitter, once } from 'node:events';
import {
  Cacheable,
  HttpCache,
  MemcachedModule,
  type MemcachedModuleOptions,
  MemcachedService,
} from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { SharedProxy } from '../support/shared-proxy.js';

/** A log whose lines of the cache can be awaited. */
class Log extends EventEmitter {
  readonly lines: string[] = [];

  constructor() {
    super();
    const keep = (level: string) => (message: string, context: string) => {
      if (!context?.startsWith('Memcached')) return;
      this.lines.push(`${level} ${message}`);
      this.emit('line');
    };
    Logger.overrideLogger({ log: keep('log'), warn: keep('warn'), error: keep('error') });
  }

  async has(count: number): Promise<readonly string[]> {
    while (this.lines.length < count) await once(this, 'line');
    return this.lines;
  }
}

function providing(name: string, key = `${name}:{0}`): Type {
  @Injectable()
  class Provider {
    runs = 0;

    @Cacheable({ key })
    async find(_id: number): Promise<number> {
      return ++this.runs;
    }
  }
  Object.defineProperty(Provider, 'name', { value: name });
  return Provider;
}

async function start(options: MemcachedModuleOptions, metadata: ModuleMetadata = {}) {
  const testing = await Test.createTestingModule({
    ...metadata,
    imports: [MemcachedModule.forRoot({ ...options, decorators: { unprovided: 'ignore' } })],
  }).compile();
  const log = new Log();
  await testing.init();
  return { testing, log, [Symbol.asyncDispose]: () => testing.close() };
}

afterEach(() => Logger.overrideLogger(false));

describe('one line when an application has started', () => {
  it('tells its servers, how they are reached, and how keys are placed', async () => {
    await using one = await MemcachedServer.start();
    await using other = await MemcachedServer.start();
    await using app = await start({
      servers: [one.address, `${other.address}=3`],
      keyPrefix: 'shop:',
      distribution: 'dalli',
    });
    expect(await app.log.has(1)).toEqual([
      `log 2 servers: ${one.address} reachable in the meta dialect, ${other.address} (weight 3) reachable in the meta dialect; ` +
        "distribution dalli; keyPrefix 'shop:'.",
    ]);
  });

  it('tells a server that is away, and neither delays nor fails the start', async () => {
    await using server = await MemcachedServer.start();
    await using app = await start({ servers: [server.address, '127.0.0.1:1'] });
    // The server that is down has lines of its own.
    while (!app.log.lines.some((line) => line.startsWith('log'))) await once(app.log, 'line');
    expect(app.log.lines.filter((line) => line.startsWith('log'))).toEqual([
      expect.stringMatching(
        `^log 2 servers: ${server.address} reachable in the meta dialect, 127.0.0.1:1 not reachable \\(.*ECONNREFUSED.*\\); ` +
          'distribution ketama; no keyPrefix\\.$',
      ),
    ]);
  });

  it('connects to nobody where that is left to the first command', async () => {
    await using server = await MemcachedServer.start();
    await using app = await start({ servers: server.address, connectAtStart: false });
    expect(await app.log.has(1)).toEqual([
      `log 1 server: ${server.address} asked with the first command; distribution ketama; no keyPrefix.`,
    ]);
    expect(app.testing.get(MemcachedService).topology()[0]).not.toHaveProperty('dialect');
  });

  it('connects to nobody where nobody reads the log', async () => {
    await using server = await MemcachedServer.start();
    const testing = await Test.createTestingModule({
      imports: [MemcachedModule.forRoot({ servers: server.address })],
    }).compile();
    await testing.init();
    const memcached = testing.get(MemcachedService);
    await memcached.get('a');
    const { total } = await memcached.report();
    expect(total.items).toBe(0);
    await testing.close();
  });

  it('is followed by commands as ever behind a proxy that hangs up on questions for servers', async () => {
    await using backend = await MemcachedServer.start();
    await using proxy = await SharedProxy.start('twemproxy', [backend]);
    await using app = await start({ servers: proxy.address }, { providers: [providing('Behind')] });
    const memcached = app.testing.get(MemcachedService);
    const stats = await memcached.stats();
    expect(stats.failures.map(({ error }) => error.code)).toEqual(['MEMCACHED_UNSUPPORTED']);
    expect(await app.log.has(1)).toEqual([
      `log 1 server: ${proxy.address} reachable in the classic dialect; distribution ketama; no keyPrefix.`,
    ]);
    expect([...(await memcached.version()).values()]).toEqual(['0.5.0']);
  });
});

describe('two applications with one prefix', () => {
  const strangers = (lines: readonly string[]): string[] =>
    lines.filter((line) => line.startsWith('warn Another application'));

  /** Has an application start and end its questions. */
  async function lines(options: MemcachedModuleOptions, metadata: ModuleMetadata): Promise<string[]> {
    const { testing, log } = await start(options, metadata);
    await log.has(1);
    // The mark is left in the commands that follow at once, before anything that is asked for from here on.
    await testing.get(MemcachedService).get('after');
    await testing.get(MemcachedService).get('after');
    await testing.get(MemcachedService).get('after');
    await testing.close();
    return strangers(log.lines);
  }

  @Controller('pages')
  class Pages {
    @Get()
    @HttpCache({ audience: 'everyone' })
    page() {
      return 1;
    }
  }

  const scenario = (start: () => Promise<{ address: string } & AsyncDisposable>): void => {
    it('are told of, the second to start', async () => {
      await using server = await start();
      const servers = server.address;
      expect(await lines({ servers }, { providers: [providing('Orders')] })).toEqual([]);
      expect(await lines({ servers }, { providers: [providing('Articles'), providing('News')] })).toEqual([
        'warn Another application (Orders.find) stores under the same keys on these servers, with no keyPrefix: each could be ' +
          "served what the other returned. Give each a 'keyPrefix' of its own; where they are to share, give both the same " +
          "name by the option 'application'.",
      ]);
      expect(await lines({ servers }, { controllers: [Pages] })).toEqual([
        expect.stringContaining('Another application (Articles.find, News.find)'),
      ]);
    });

    it('are one in the next version, in another process, and where they say so; other prefixes are apart', async () => {
      await using server = await start();
      const servers = server.address;
      const two = [providing('Orders'), providing('Articles')];
      expect(await lines({ servers }, { providers: two })).toEqual([]);
      expect(await lines({ servers }, { providers: two })).toEqual([]);
      expect(await lines({ servers }, { providers: [two[1], providing('News')] })).toEqual([]);
      expect(await lines({ servers, keyPrefix: 'b:' }, { providers: [providing('Other')] })).toEqual([]);
      const named = { servers, application: 'shop', keyPrefix: 'c:' };
      expect(await lines(named, { providers: [providing('A')] })).toEqual([]);
      expect(await lines(named, { providers: [providing('B')] })).toEqual([]);
      expect(await lines({ ...named, application: 'blog' }, { providers: [providing('A')] })).toEqual([
        expect.stringContaining(
          "Another application (shop) stores under the same keys on these servers, with keyPrefix 'c:'",
        ),
      ]);
    });
  };

  describe('on the embedded server', () => scenario(() => MemcachedServer.start()));
  describeReal('on a real memcached', () => {
    describe('as it is', () => scenario(() => startMemcached()));
    describe('without cas tokens', () => scenario(() => startMemcached({ args: ['-C'] })));
  });
});

describe('a MemcachedModule that is loaded later', () => {
  const Later = providing('Later');
  class Made {
    runs = 0;

    @Cacheable({ key: 'made:{0}' })
    async find(_id: number): Promise<number> {
      return ++this.runs;
    }
  }

  it('connects what its module provides, factories too, and ends with the application', async () => {
    await using server = await MemcachedServer.start();
    @Module({
      imports: [MemcachedModule.forRoot({ servers: server.address, decorators: { unprovided: 'ignore' } })],
      providers: [Later, { provide: Made, useFactory: () => new Made() }],
    })
    class Feature {}
    const testing = await Test.createTestingModule({}).compile();
    await testing.init();
    const log = new Log();
    const feature = await testing.get(LazyModuleLoader).load(() => Feature);
    for (const type of [Later, Made]) {
      const object = feature.get<Made>(type);
      expect([await object.find(1), await object.find(1), await object.find(2)]).toEqual([1, 1, 2]);
    }
    expect(await log.has(1)).toEqual([expect.stringContaining('log 1 server: ')]);
    // And one that is loaded later still.
    const Third = providing('Third');
    @Module({ imports: [Feature], providers: [Third] })
    class Next {}
    const third = (await testing.get(LazyModuleLoader).load(() => Next)).get<Made>(Third);
    expect(third.runs).toBe(0);
    const memcached = feature.get(MemcachedService, { strict: false });
    await testing.close();
    await expect(memcached.get('a')).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
  });

  it('is refused, each time, for what would be refused at the start', async () => {
    const Wrong = providing('Wrong', 'wrong:{3}');
    @Module({
      imports: [MemcachedModule.forRoot({ servers: '127.0.0.1:1', decorators: { unprovided: 'ignore' } })],
      providers: [Wrong],
    })
    class Feature {}
    const testing = await Test.createTestingModule({}).compile();
    await testing.init();
    for (let time = 0; time < 2; time += 1) {
      await expect(testing.get(LazyModuleLoader).load(() => Feature)).rejects.toThrow(
        "Wrong.find @Cacheable: key 'wrong:{3}': {3} asks for a parameter that does not exist",
      );
    }
    await testing.close();
  });
});
