import { ConflictException, Injectable, Logger } from '@nestjs/common';
import { CasUpdate, Current, MemcachedError, MemcachedService } from 'nestjs-memcached';
import { StockRepository } from './stock.repository.js';

@Injectable()
export class StockService {
  readonly #logger = new Logger(StockService.name);

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
      if (!(error instanceof MemcachedError)) throw error;
      this.#logger.warn(`product ${id} is counted by the database alone: ${error.message}`);
    }
    try {
      const stored = await this.stored.change(id, by);
      if (left === undefined) await this.cache.invalidate(keyOf(id));
      return left ?? stored;
    } catch (error) {
      await this.cache.invalidate(keyOf(id));
      throw error;
    }
  }

  /**
   * Two buyers who both read 900 would both write 899, and one sale would be lost. A CAS write is refused if the value
   * has changed since it was read; then this method runs again, on what the other buyer left.
   */
  @CasUpdate({ key: 'stock:{0}', ttl: '1h' })
  async count(id: number, by: number, @Current() counted?: number): Promise<number> {
    const left = (counted ?? (await this.stored.of(id))) + by;
    if (left < 0) throw new ConflictException(`Not enough of product ${id} in stock.`);
    return left;
  }

  /** What memcached counts; `undefined` before the first sale. */
  counted(id: number): Promise<number | undefined> {
    return this.cache.get<number>(keyOf(id));
  }

  /** What is left of each; the database is asked only for what memcached does not count. */
  async of(ids: readonly number[]): Promise<Map<number, number>> {
    const counted = await this.cache.getMany<number>(ids.map(keyOf));
    const uncounted = ids.filter((id) => !counted.has(keyOf(id)));
    const stock = uncounted.length === 0 ? new Map<number, number>() : await this.stored.ofMany(uncounted);
    for (const id of ids) {
      const left = counted.get(keyOf(id));
      if (left !== undefined) stock.set(id, left);
    }
    return stock;
  }
}

function keyOf(id: number): string {
  return `stock:${id}`;
}
