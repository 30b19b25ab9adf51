import { describe, expect, it } from '@jest/globals';
import {
  CacheBatch,
  CacheDefaults,
  CacheEvict,
  Cacheable,
  CachePut,
  CasUpdate,
  HttpCache,
} from '../../../lib/index.js';

// As in JavaScript, where no compiler looks.
const bare = (decorator: unknown): any => decorator;

describe('a decorator without parentheses', () => {
  it.each(Object.entries({ Cacheable, CacheBatch, CachePut, CacheEvict, CasUpdate }))(
    'is refused on a method, which it would leave uncached: @%s',
    (name, decorator) => {
      expect(() => {
        class Products {
          @bare(decorator)
          async find(_id: number): Promise<void> {}
        }
        return Products;
      }).toThrow(`@${name} takes its options in parentheses: @${name}({ key: 'product:{0}' })`);
    },
  );

  it('is refused on a class', () => {
    expect(() => {
      @bare(CacheDefaults)
      class Products {}
      return Products;
    }).toThrow("@CacheDefaults takes its options in parentheses: @CacheDefaults({ prefix: 'product:' })");
  });

  it('is refused of @HttpCache, on a route and on a controller', () => {
    const mend =
      "@HttpCache takes its options in parentheses: @HttpCache({ audience: 'everyone', ttl: '5m' })";
    expect(() => {
      class Pages {
        @bare(HttpCache)
        page(): void {}
      }
      return Pages;
    }).toThrow(mend);
    expect(() => {
      @bare(HttpCache)
      class Pages {}
      return Pages;
    }).toThrow(mend);
  });
});
