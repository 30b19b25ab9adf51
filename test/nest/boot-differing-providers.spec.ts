import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Scope, type Provider, type Type } from '@nestjs/common';
import { ContextIdFactory, REQUEST } from '@nestjs/core';
import { Cacheable } from '../../lib/index.js';
import { boot, type Booted, refusals } from './support/boot.js';

class Prices {
  constructor(readonly region: string) {}

  @Cacheable()
  async list(): Promise<string> {
    return this.region;
  }
}

const DIFFER =
  'Prices.list @Cacheable: two objects of Prices are made in different ways and share their keys';

const regions = (scope: Scope, type: Type<Prices> = Prices): Provider[] =>
  ['eu', 'us'].map((provide) => ({ provide, scope, useFactory: () => new type(provide) }));

/** Makes what is provided under these tokens, for one request. */
async function make({ app }: Booted, ...tokens: (string | Type)[]): Promise<unknown[]> {
  const request = ContextIdFactory.create();
  const made: unknown[] = [];
  for (const token of tokens) made.push(await app.resolve(token, request, { strict: false }));
  return made;
}

describe('objects of one class that are made in different ways', () => {
  it.each([
    ['for each request', Scope.REQUEST],
    ['for each who injects them', Scope.TRANSIENT],
  ])('by factories, %s, are refused when the second is made', async (_when, scope) => {
    await using booted = await boot({ providers: regions(scope) });
    const [eu] = await make(booted, 'eu', 'eu');
    expect(await (eu as Prices).list()).toBe('eu');
    await expect(make(booted, 'us')).rejects.toThrow(DIFFER);
    await make(booted, 'eu');
  });

  it('by factories, for providers that are there when the application starts, are refused at boot', async () => {
    @Injectable()
    class Shop {
      constructor(
        @Inject('eu') readonly eu: Prices,
        @Inject('us') readonly us: Prices,
      ) {}
    }
    @Injectable()
    class Other {
      @Cacheable({ key: 'other:{9}' })
      async find(_id: number): Promise<void> {}
    }
    expect(await refusals({ providers: [...regions(Scope.TRANSIENT), Shop, Other] })).toEqual([
      expect.stringContaining(DIFFER),
      expect.stringContaining("Other.find @Cacheable: key 'other:{9}'"),
    ]);
  });

  it('by one factory’s token in two modules, are refused where the factories differ', async () => {
    const feature = (useFactory: () => Prices): Type => {
      @Injectable({ scope: Scope.REQUEST })
      class Holder {
        constructor(@Inject('prices') readonly prices: Prices) {}
      }
      @Module({ providers: [{ provide: 'prices', scope: Scope.REQUEST, useFactory }, Holder] })
      class Feature {
        static readonly holder = Holder;
      }
      return Feature;
    };
    const [eu, us, alike] = [
      feature(() => new Prices('eu')),
      feature(() => new Prices('us')),
      feature(() => new Prices('eu')),
    ] as (Type & { holder: Type })[];
    await using booted = await boot({ imports: [eu, us, alike] });
    await make(booted, eu.holder, alike.holder);
    await expect(make(booted, us.holder)).rejects.toThrow(DIFFER);
  });

  it('by the injector, of unlike parts, are refused at boot', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Rates {
      constructor(
        @Inject('region') readonly region: string,
        @Inject(REQUEST) readonly request: unknown,
      ) {}

      @Cacheable({ sharedBetweenRequests: true })
      async list(): Promise<string> {
        return this.region;
      }
    }
    const feature = (region: string): Type => {
      @Module({ providers: [{ provide: 'region', useValue: region }, Rates] })
      class Feature {}
      return Feature;
    };
    expect(await refusals({ imports: [feature('eu'), feature('us')] })).toEqual([
      expect.stringContaining('Rates.list @Cacheable: two objects of Rates are made in different ways'),
    ]);
    expect(await refusals({ imports: [feature('eu'), feature('eu')] })).toEqual([]);
  });

  it('start where they say what tells them apart, or have a key', async () => {
    class Named extends Prices {
      toCacheKey(): string {
        return this.region;
      }
    }
    class Keyed {
      constructor(readonly id: string) {}

      @Cacheable({ key: 'keyed:{0}' })
      async find(_id: number): Promise<void> {}
    }
    await using booted = await boot({
      providers: [
        ...regions(Scope.REQUEST, Named),
        { provide: 'one', scope: Scope.REQUEST, useFactory: () => new Keyed('one') },
        { provide: 'other', scope: Scope.REQUEST, useFactory: () => new Keyed('other') },
      ],
    });
    const [eu, us] = (await make(booted, 'eu', 'us', 'one', 'other')) as Prices[];
    expect([await eu.list(), await us.list()]).toEqual(['eu', 'us']);
  });

  it('are one class under two names, which is no difference', async () => {
    @Injectable()
    class Door {
      @Cacheable()
      async open(): Promise<boolean> {
        return true;
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class Window {
      @Cacheable()
      async open(): Promise<boolean> {
        return true;
      }
    }
    await using booted = await boot({
      providers: [Door, { provide: 'door', useClass: Door }, Window, { provide: 'window', useClass: Window }],
    });
    expect(await make(booted, 'window', Window)).toHaveLength(2);
  });

  it('are none where a factory hands on what others have made', async () => {
    class Eu {
      @Cacheable()
      async list(): Promise<string> {
        return 'eu';
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class Us {
      @Cacheable()
      async list(): Promise<string> {
        return 'us';
      }
    }
    await using booted = await boot({
      providers: [
        Eu,
        Us,
        { provide: 'alias', useExisting: Us },
        {
          provide: 'us',
          scope: Scope.REQUEST,
          useFactory: (us: Us) => us,
          inject: [Us],
        },
        {
          provide: 'chosen',
          scope: Scope.REQUEST,
          useFactory: (_request: unknown, eu: Eu) => eu,
          inject: [REQUEST, Eu],
        },
      ],
    });
    expect(await make(booted, 'alias', 'us', 'chosen', Us)).toHaveLength(4);
  });
});

describe('mistakes of several kinds', () => {
  it('are all named, though some methods do not compile', async () => {
    class Mixed {
      constructor(readonly region: string) {}

      @Cacheable()
      async list(): Promise<string> {
        return this.region;
      }

      @Cacheable({ key: 'mixed:{9}' })
      async find(_id: number): Promise<void> {}
    }
    @Injectable({ scope: Scope.REQUEST })
    class Mine {
      constructor(@Inject(REQUEST) readonly request: unknown) {}

      @Cacheable()
      async list(): Promise<void> {}

      @Cacheable({ key: 'mine:{9}' })
      async find(_id: number): Promise<void> {}
    }
    const providers = [
      Mine,
      ...['eu', 'us'].map((provide) => ({ provide, useFactory: () => new Mixed(provide) })),
    ];
    const lines = await refusals({ providers });
    expect(lines.map((line) => line.split(' @')[0]).toSorted()).toEqual([
      'Mine.find',
      'Mine.list',
      'Mixed.find',
      'Mixed.list',
    ]);
  });
});
