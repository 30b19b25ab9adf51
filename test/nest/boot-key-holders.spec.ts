import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { CacheBatch, Cacheable, CacheDefaults, type CacheableOptions } from '../../lib/index.js';
import { refusals } from './support/boot.js';

/** Of two methods under the same keys, the sentence about the second. */
const met = (first: string): unknown => expect.stringContaining(`${first} stores under the same keys`);

/** A class with one method, which takes up to two arguments. */
function storing(name: string, options: CacheableOptions, batch = false): Type {
  class Storing {
    async find(_one: unknown, _other?: unknown): Promise<unknown[]> {
      return [];
    }
  }
  Object.defineProperty(Storing, 'name', { value: name });
  const descriptor = Object.getOwnPropertyDescriptor(Storing.prototype, 'find') as PropertyDescriptor;
  const decorator = batch ? CacheBatch(options as never) : Cacheable(options);
  (decorator as MethodDecorator)(Storing.prototype, 'find', descriptor);
  Object.defineProperty(Storing.prototype, 'find', descriptor);
  return Storing;
}

describe('two methods whose keys look alike', () => {
  it.each<[string, CacheableOptions, CacheableOptions]>([
    ['ask for another parameter', { key: 'product:{0}' }, { key: 'product:{1}' }],
    ['ask for a property', { key: 'user:{0}' }, { key: 'user:{0.id}' }],
    ['name their parameters', { key: 'user:{0}' }, { key: 'user:{who.id}', params: ['who'] }],
    ['vary by as much', { key: 'user:{0}', varyBy: [() => 'a'] }, { key: 'user:{0}', varyBy: [() => 'b'] }],
  ])('are refused where they %s', async (_how, one, other) => {
    const providers = [storing('One', one), storing('Other', other)];
    expect(await refusals({ providers })).toEqual([met('One.find')]);
  });

  it('are refused unless both say that they share', async () => {
    const [marked, also] = ['Marked', 'Also'].map((name) =>
      storing(name, { key: 'row:{0}', sharedKey: true }),
    );
    const silent = storing('Silent', { key: 'row:{0}' });
    expect(await refusals({ providers: [marked, also] })).toEqual([]);
    expect(await refusals({ providers: [marked, silent] })).toEqual([met('Marked.find')]);
    expect(await refusals({ providers: [silent, marked] })).toEqual([met('Silent.find')]);
    expect(await refusals({ providers: [marked, also, silent] })).toEqual([met('Marked.find')]);
  });

  it('are refused as batches, too', async () => {
    const one = storing('One', { key: 'item:{0}' }, true);
    expect(await refusals({ providers: [one, storing('Other', { key: 'item:{0}' }, true)] })).toEqual([
      met('One.find'),
    ]);
  });

  it('start where they are a batch and its single, or their keys never meet', async () => {
    const single = storing('Single', { key: 'item:{0}' });
    const batch = storing('Batch', { key: 'item:{0}' }, true);
    const varied = storing('Varied', { key: 'item:{0}', varyBy: [() => 'a'] });
    const longer = storing('Longer', { key: 'item:{0}:{1}' });
    @CacheDefaults({ prefix: 'own:' })
    class Prefixed {
      @Cacheable({ key: 'item:{0}' })
      async find(_id: number): Promise<void> {}
    }
    const key = (kind: unknown, id: unknown): unknown[] => [kind, id];
    const [one, other] = ['One', 'Other'].map((name) => storing(name, { key }));
    const providers = [single, batch, varied, longer, Prefixed, one, other];
    expect(await refusals({ providers })).toEqual([]);
  });
});

describe('brothers that inherit a method with its key', () => {
  const families: [string, () => Type][] = [
    [
      'a template',
      () => {
        class Rows {
          @Cacheable({ key: 'row:{0}' })
          async find(_id: number): Promise<void> {}
        }
        return Rows;
      },
    ],
    [
      'a function',
      () => {
        class Rows {
          @Cacheable<(id: number) => Promise<void>>({ key: (id) => ['row', id] })
          async find(_id: number): Promise<void> {}
        }
        return Rows;
      },
    ],
    [
      'a batch',
      () => {
        class Rows {
          @CacheBatch({ key: 'row:{0}' })
          async find(_ids: readonly number[]): Promise<string[]> {
            return [];
          }
        }
        return Rows;
      },
    ],
  ];

  it.each(families)(
    'made by %s are refused in whatever order they and their parent are provided',
    async (_what, parent) => {
      const Rows = parent();
      class Admins extends Rows {}
      class Guests extends Rows {}
      for (const providers of [
        [Rows, Admins, Guests],
        [Admins, Rows, Guests],
        [Admins, Guests, Rows],
      ]) {
        expect(await refusals({ providers })).toEqual([
          expect.stringContaining('Admins and Guests both inherit it and store under the same keys'),
        ]);
      }
      class Young extends Guests {}
      expect(await refusals({ providers: [Young, Rows, Guests] })).toEqual([]);
    },
  );
});
