import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cacheable,
  getMemcachedToken,
  MemcachedModule,
  type MemcachedModuleOptions,
  type MemcachedService,
} from '../../lib/index.js';
import { MemcachedServer } from '../../lib/testing/index.js';

const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

/** A log whose lines of one level can be waited for. */
class Lines implements LoggerService {
  readonly debugged: string[] = [];
  readonly contexts = new Set<string>();
  log(): void {}

  debug(message: string, context: string): void {
    this.debugged.push(message);
    this.contexts.add(context);
  }

  warn(_message: string, context: string): void {
    this.contexts.add(context);
  }

  error(): void {}
}

@Injectable()
class Products {
  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<number> {
    return id;
  }
}

async function started(
  options: MemcachedModuleOptions & { name?: string },
  log: Lines,
): Promise<TestingModule> {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ decorators: { unprovided: 'ignore' }, ...options })],
    providers: options.name === undefined ? [Products] : [],
  })
    .setLogger(log)
    .compile();
  opened.push(testing);
  return testing.init();
}

async function running(): Promise<MemcachedServer> {
  const server = await MemcachedServer.start();
  opened.push(server);
  return server;
}

describe('the log', () => {
  it('says of every call what came of it, with the option debug', async () => {
    const server = await running();
    const log = new Lines();
    const testing = await started({ servers: server.address, debug: true }, log);
    await testing.get(Products).find(7);
    await testing.get(Products).find(7);
    expect(log.debugged).toEqual(
      expect.arrayContaining(['product:7: miss', 'product:7: computing', 'product:7: hit']),
    );
  });
});

describe('lines of a named instance', () => {
  it('bear its name, also those of single calls and of what cannot be cached', async () => {
    const server = await running();
    const log = new Lines();
    const testing = await started({ servers: server.address, name: 'other', debug: true }, log);
    const memcached = testing.get<MemcachedService>(getMemcachedToken('other'));
    await memcached.getOrSet('function', () => () => 1);
    expect(log.contexts).toEqual(new Set(['Memcached:other']));
    const { uncached } = await memcached.report();
    expect(Object.keys(uncached)).toHaveLength(1);
  });
});

describe('default keys of two classes of one name', () => {
  it('are apart where two modules serve them on one server', async () => {
    const server = await running();
    const first = { Prices: priceClass('default', 1) }.Prices;
    const second = { Prices: priceClass('other', 2) }.Prices;
    @Module({
      imports: [
        MemcachedModule.forRoot({ servers: server.address, decorators: { unprovided: 'ignore' } }),
        MemcachedModule.forRoot({
          servers: server.address,
          name: 'other',
          decorators: { unprovided: 'ignore' },
        }),
      ],
      providers: [
        { provide: 'first', useClass: first },
        { provide: 'second', useClass: second },
      ],
    })
    class App {}
    const testing = await Test.createTestingModule({ imports: [App] })
      .setLogger(new Lines())
      .compile();
    opened.push(testing);
    await testing.init();
    const [one, two] = ['first', 'second'].map((token) =>
      testing.get<{ of(id: number): Promise<number> }>(token),
    );
    expect([await one.of(7), await two.of(7), await one.of(7), await two.of(7)]).toEqual([1, 2, 1, 2]);
  });
});

function priceClass(name: string, price: number) {
  @Injectable()
  class Prices {
    @Cacheable(name === 'default' ? {} : { name })
    async of(_id: number): Promise<number> {
      return price;
    }
  }
  return Prices;
}
