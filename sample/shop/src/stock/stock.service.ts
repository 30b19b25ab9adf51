import { ConflictException, Injectable } from '@nestjs/common';
import { cacheKey, CasUpdate, Current, MemcachedError, MemcachedService } from 'nestjs-memcached';
import { StockRepository } from './stock.repository.js';

const STOCK_KEY = 'stock:{0}';

@Injectable()
export class StockService {
  constructor(
    private readonly stored: StockRepository,
    private readonly cache: MemcachedService,
  ) {}

  /**
   * Sells, or takes a delivery in: counts in memcached, then in the database.
   *
   * Both count by differences, so it does not matter in which order several processes reach the database: when all are
   * through, it has what memcached has. Should memcached lose its count in the middle of that, it begins again a little
   * too high; the database refuses what is not there, and it begins once more.
   *
   * @param by what to add; a negative number takes, and never more than there is.
   * @returns what is left.
   * @throws {ConflictException} there is not enough; nothing was taken.
   */
  async change(id: number, by: number): Promise<number> {
    let left: number | undefined;
    try {
      left = await this.count(id, by);
    } catch (error) {
      // A server that is away does not keep the shop from selling: the database counts alone.
      if (!(error instanceof MemcachedError)) throw error;
    }
    try {
      const stored = await this.stored.change(id, by);
      return left ?? stored;
    } catch (error) {
      left = undefined;
      throw error;
    } finally {
      // Only one of the two has counted: whoever counts next begins with what the database has.
      if (left === undefined) await this.cache.invalidate(keyOf(id));
    }
  }

  /**
   * Two buyers who both read 900 would both write 899, and one sale would be lost. A CAS write is refused if the value
   * has changed since it was read; then this method runs again, on what the other buyer left.
   */
  @CasUpdate({ key: STOCK_KEY, ttl: '1h' })
  async count(id: number, by: number, @Current() counted?: number): Promise<number> {
    const left = (counted ?? (await this.stored.of(id))) + by;
    if (left < 0) throw new ConflictException(`Not enough of product ${id} in stock.`);
    return left;
  }

  /** What is left of each; the database is asked only for what memcached does not count yet. */
  of(ids: readonly number[]): Promise<Map<number, number>> {
    return this.cache.getOrSetMany(ids, keyOf, (missing) => this.stored.ofMany(missing), { ttl: '1h' });
  }

  /** What memcached counts, if it does. */
  counted(id: number): Promise<number | undefined> {
    return this.cache.get<number>(keyOf(id));
  }
}

/** The key that `@CasUpdate` makes for a product. */
function keyOf(id: number): string {
  return cacheKey(STOCK_KEY, id);
}
