import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { Database } from '../database/database.js';

/** The stock in PostgreSQL. Nothing here knows of a cache. */
@Injectable()
export class StockRepository {
  constructor(private readonly database: Database) {}

  /** @throws {NotFoundException} there is no such product. */
  async of(id: number): Promise<number> {
    const stock = (await this.ofMany([id])).get(id);
    if (stock === undefined) throw new NotFoundException(`There is no product ${id}.`);
    return stock;
  }

  async ofMany(ids: readonly number[]): Promise<Map<number, number>> {
    const rows = await this.database.query<{ id: number; stock: number }>(
      'stock',
      'SELECT id, stock FROM sample_shop.products WHERE id = ANY($1)',
      [ids],
    );
    return new Map(rows.map(({ id, stock }) => [id, stock]));
  }

  /**
   * Adds to the stock, or takes from it.
   *
   * @param by what to add; a negative number takes, and never more than there is.
   * @returns what is there now.
   * @throws {ConflictException} there is not enough; nothing was taken.
   */
  async change(id: number, by: number): Promise<number> {
    const [row] = await this.database.query<{ stock: number }>(
      'change stock',
      'UPDATE sample_shop.products SET stock = stock + $2 WHERE id = $1 AND stock + $2 >= 0 RETURNING stock',
      [id, by],
    );
    if (row === undefined) throw new ConflictException(`Not enough of product ${id} in stock.`);
    return row.stock;
  }
}
