// Read by the type checker only: every line that must not compile is marked, and the mark itself fails if it does.
import { of, type Observable } from 'rxjs';
import {
  Cacheable,
  CacheBatch,
  type CacheableOptions,
  CacheEvict,
  CachePut,
  CasUpdate,
  Current,
  type KEEP,
} from '../../lib/index.js';

interface Product {
  readonly id: number;
  readonly name: string;
}

const SHORT: CacheableOptions = { ttl: '1m' };

export abstract class Products {
  abstract product: Product;

  // The key's function: the method's own parameters, or fewer of them.

  @Cacheable({ key: (id: number) => `product:${id}` })
  async key(id: number, _language?: string): Promise<Product> {
    return { ...this.product, id };
  }

  @Cacheable({ key: (id: number, language?: string) => ['product', id, language] })
  async keyOfParts(id: number, _language?: string): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method takes a number
  @Cacheable({ key: (id: string) => `product:${id}` })
  async keyOfAnotherType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method takes one parameter
  @Cacheable({ key: (id: number, language: string) => `product:${id}:${language}` })
  async keyOfMore(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the second parameter may be undefined
  @Cacheable({ key: (id: number, language: string) => `product:${id}:${language}` })
  async keyOfOptional(id: number, _language?: string): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error a parameter without a type is none of the method's
  @Cacheable({ key: (id) => `product:${String(id)}` })
  async keyWithoutType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // With the method's type given, its functions need no types of their own.

  @Cacheable<Products['typed']>({
    key: (id, language) => `product:${id.toFixed()}:${language.toUpperCase()}`,
    when: (id) => id > 0,
    unless: (product, id) => product.name === '' && id === 1,
    ttl: (product) => (product.name === '' ? '1m' : '1h'),
    tags: ['products', (_id, language) => language.toLowerCase()],
    tagsOf: (product) => [product.name],
  })
  async typed(id: number, _language: string): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method takes a number
  @Cacheable<Products['typedWrongly']>({ key: (id: string) => id })
  async typedWrongly(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // when, unless, ttl, tags

  @Cacheable({
    when: (id: number) => id > 0,
    unless: (product: Product) => product.name === '',
    ttl: (product: Product, id: number) => (product.id === id ? '1m' : 'never'),
    tags: [(id: number) => `product:${id}`],
  })
  async conditions(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method takes a number
  @Cacheable({ when: (id: string) => id !== '' })
  async whenOfAnotherType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method returns a product
  @Cacheable({ unless: (name: string) => name === '' })
  async unlessOfAnotherType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method returns a product
  @Cacheable({ ttl: (seconds: number) => seconds * 1000 })
  async ttlOfAnotherType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method takes a number
  @Cacheable({ tags: ['products', (id: string) => id] })
  async tagsOfAnotherType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error no decorator has such an option
  @Cacheable({ kee: 'product:{0}' })
  async unknownOption(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error a ttl has a unit
  @Cacheable({ ttl: '60' })
  async ttlWithoutUnit(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // What is returned: a promise or an observable, whose emission counts as the result.

  @Cacheable({ unless: (name: string) => name === '' })
  observable(_id: number): Observable<string> {
    return of('name');
  }

  @Cacheable({ unless: (name: string) => name === '' })
  async maybe(_id: number): Promise<any> {
    return 'name';
  }

  // @ts-expect-error a decorated method returns a promise or an observable
  @Cacheable({ key: 'product:{0}' })
  synchronous(id: number): Product {
    return { ...this.product, id };
  }

  // @ts-expect-error a decorated method returns a promise or an observable
  @CacheEvict({ key: 'product:{0}' })
  evictsSynchronously(_id: number): void {}

  // Options that are kept somewhere else say for themselves what they fit.

  @Cacheable(SHORT)
  async shared(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @CacheEvict, @CachePut

  @CacheEvict({
    keys: ['products', (id: number) => `product:${id}`],
    keysOf: (product: Product) => [`name:${product.name}`],
    tags: [(id: number) => ['product', id]],
    unless: (product: Product, id: number) => product.id !== id,
  })
  async rename(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method takes a number
  @CacheEvict({ keys: ['products', (id: string) => `product:${id}`] })
  async evictOfAnotherType(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  // @ts-expect-error the method returns a product
  @CacheEvict({ keysOf: (name: string) => [`name:${name}`] })
  async evictOfAnotherResult(id: number): Promise<Product> {
    return { ...this.product, id };
  }

  @CachePut({ keyOf: (product: Product, name: string) => `${product.id}:${name}` })
  async create(name: string): Promise<Product> {
    return { ...this.product, name };
  }

  // @ts-expect-error the method returns a product
  @CachePut({ keyOf: (id: number) => `product:${id}` })
  async putOfAnotherResult(name: string): Promise<Product> {
    return { ...this.product, name };
  }

  // @CacheBatch

  @CacheBatch({ key: (id: number) => `product:${id}`, idOf: (product: Product) => product.id })
  async findMany(_ids: readonly number[]): Promise<Product[]> {
    return [this.product];
  }

  @CacheBatch<Products['namesOf']>({
    key: (id, language) => ['name', id.toFixed(), language.toLowerCase()],
    returns: 'map',
    ttl: (name) => (name.length > 3 ? '1m' : '2m'),
    when: (ids, language) => ids.length > 0 && language !== '',
  })
  async namesOf(_ids: readonly number[], _language: string): Promise<Map<number, string>> {
    return new Map();
  }

  @CacheBatch({ key: 'product:{0}' })
  async inOrder(ids: readonly number[]): Promise<(Product | undefined)[]> {
    return ids.map(() => undefined);
  }

  // @ts-expect-error the ids are numbers
  @CacheBatch({ key: (id: string) => `product:${id}` })
  async batchOfAnotherType(_ids: readonly number[]): Promise<Product[]> {
    return [this.product];
  }

  // @ts-expect-error the rows are products
  @CacheBatch({ key: 'product:{0}', idOf: (name: string) => name.length })
  async batchOfOtherRows(_ids: readonly number[]): Promise<Product[]> {
    return [this.product];
  }

  // @ts-expect-error the id of a product is a number
  @CacheBatch({ key: 'product:{0}', idOf: (product: Product) => product.name })
  async batchOfOtherIds(_ids: readonly number[]): Promise<Product[]> {
    return [this.product];
  }

  // @ts-expect-error a batch method takes a list of ids first
  @CacheBatch({ key: 'product:{0}' })
  async batchOfOne(_id: number): Promise<Product[]> {
    return [this.product];
  }

  // @ts-expect-error the method returns a map, which has to be said
  @CacheBatch({ key: 'product:{0}' })
  async batchToMap(_ids: readonly number[]): Promise<Map<number, string>> {
    return new Map();
  }

  // @ts-expect-error every value has a key
  @CacheBatch({ idOf: (product: Product) => product.id })
  async batchWithoutKey(_ids: readonly number[]): Promise<Product[]> {
    return [this.product];
  }

  // @CasUpdate

  @CasUpdate({ key: 'stock:{0}', initial: 900, attempts: 10, backoff: '2ms' })
  async take(_id: string, pieces: number, @Current() left = 0): Promise<number | typeof KEEP> {
    return left - pieces;
  }

  // @ts-expect-error a value to update has a key
  @CasUpdate({ initial: 900 })
  async takeFromNowhere(pieces: number, @Current() left = 0): Promise<number> {
    return left - pieces;
  }

  // @ts-expect-error the method counts in numbers
  @CasUpdate({ key: 'stock:{0}', initial: 'many' })
  async takeFromText(_id: string, pieces: number, @Current() left = 0): Promise<number> {
    return left - pieces;
  }
}
