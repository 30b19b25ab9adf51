import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  type ModuleMetadata,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Cacheable, CacheEvict } from '../../lib/index.js';
import { boot, type Booted } from './support/boot.js';

/** A class with a decorated method; what is declared in one test is provided in it, or told of in every later one. */
function declare(name: string): Type {
  @Injectable()
  class Declared {
    @Cacheable({ key: `${name}:{0}` })
    async find(id: number): Promise<number> {
      return id;
    }

    @CacheEvict({ key: `${name}:{0}` })
    async drop(_id: number): Promise<void> {}
  }
  Object.defineProperty(Declared, 'name', { value: name });
  return Declared;
}

const left = (name: string): string =>
  `${name}.find @Cacheable: no module provides ${name}, so that none of its decorators would do anything; name the class ` +
  "in a module's 'providers' and have it injected";

const tail =
  "Where that is meant, since others use the class or a module that is loaded later, set 'decorators.unprovided' to 'ignore'.";

describe('a class with decorators that no module provides', () => {
  let warnings: string[];
  let Left: Type;
  let start: (metadata: ModuleMetadata, options?: Parameters<typeof boot>[1]) => Promise<Booted>;

  beforeEach(() => {
    warnings = [];
    Left = declare('Left');
    const silent = (): void => {};
    const logger = { log: silent, error: silent, warn: (line: string) => void warnings.push(line) };
    start = (metadata, options) => boot(metadata, options, logger);
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await using _ = await boot({ providers: [Left] });
  });

  it('is named in the log when the application starts', async () => {
    await using _ = await start({});
    expect(warnings).toEqual([`${left('Left')}\n${tail}`]);
  });

  it('is refused where that was asked for', async () => {
    await expect(start({}, { decorators: { unprovided: 'refuse' } })).rejects.toThrow(left('Left'));
  });

  it('is nobody’s business where that was asked for, or decorators are switched off', async () => {
    await using _ = await start({}, { decorators: { unprovided: 'ignore' } });
    await using _off = await start({}, { decorators: { enabled: false } });
    expect(warnings).toEqual([]);
  });

  it('is told of by the module instance that it names', async () => {
    class Named {
      @Cacheable({ key: 'named', name: 'other' })
      async find(): Promise<void> {}
    }
    await using _ = await start({}, { name: 'other' });
    expect(warnings).toEqual([expect.stringContaining('Named.find @Cacheable: no module provides Named')]);
    expect(warnings[0]).not.toContain('Left');
    await using _provided = await start({ providers: [Named] }, { name: 'other' });
  });

  it.each<[string, (type: Type) => object]>([
    ['by a subclass', (type) => ({ providers: [class extends type {}] })],
    ['as a controller', (type) => ({ controllers: [Controller()(type) ?? type] })],
    [
      'by a factory',
      (type) => ({ providers: [{ provide: 'made', useFactory: () => new type() as object }] }),
    ],
    ['by another that stands in for it', (type) => ({ providers: [{ provide: type, useValue: {} }] })],
  ])('is not what is provided %s', async (_how, provide) => {
    await using _ = await start(provide(Left));
    expect(warnings).toEqual([]);
  });

  it('is not a guard, whose decorators work as a provider’s do', async () => {
    let runs = 0;
    @Injectable()
    class Door implements CanActivate {
      @Cacheable({ key: 'door' })
      async canActivate(): Promise<boolean> {
        runs += 1;
        return true;
      }
    }
    @Controller()
    @UseGuards(Door)
    class House {
      @Get()
      enter(): void {}
    }
    await using booted = await start({ controllers: [House], providers: [Left] });
    expect(warnings).toEqual([]);
    const { url } = await listening(booted.app);
    for (const _ of ['miss', 'hit']) expect((await fetch(url)).status).toBe(200);
    expect(runs).toBe(1);
  });

  it.each<[string, () => object]>([
    [
      'that may not be read before the first request',
      () =>
        new Proxy(
          {},
          {
            get(_, name) {
              throw new Error(`${String(name)} is not there yet`);
            },
          },
        ),
    ],
    [
      'that tells nothing at all',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
  ])('is not looked for in an object %s', async (_what, make) => {
    @Injectable()
    class Orders {
      readonly user = make();
    }
    await using _ = await start({
      providers: [Left, Orders, { provide: 'user', useFactory: () => ({ inner: make() }) }],
    });
    expect(warnings).toEqual([]);
  });

  it('is looked for in what is provided beside such an object', async () => {
    class Made {
      @Cacheable({ key: 'made:{0}' })
      async find(_id: number): Promise<void> {}
    }
    @Injectable()
    class Orders {
      readonly made = new Made();
    }
    await expect(start({ providers: [Left, Orders] })).rejects.toThrow(
      'Orders.made is a Made that no module',
    );
    await using _ = await start({ providers: [Left, Made] });
  });

  it('is not told of again once a module that was loaded later provides it', async () => {
    @Module({ providers: [Left] })
    class Later {}
    {
      await using booted = await start({});
      await booted.app.get(LazyModuleLoader).load(() => Later);
      expect(warnings).toHaveLength(1);
    }
    await using _ = await start({});
    expect(warnings).toHaveLength(1);
  });
});

async function listening(app: {
  listen(port: number, host: string): Promise<unknown>;
  getUrl(): Promise<string>;
}) {
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl() };
}
