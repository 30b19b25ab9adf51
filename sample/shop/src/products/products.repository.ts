import { Injectable, NotFoundException } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Product, ProductChange } from './product.js';

const COLUMNS = 'id, name, category, description, price_cents AS "priceCents"';

/** The products in PostgreSQL. Nothing here knows of a cache. */
@Injectable()
export class ProductsRepository {
  constructor(private readonly database: Database) {}

  /** @throws {NotFoundException} there is no such product. */
  async find(id: number): Promise<Product> {
    const rows = await this.database.query<Product>(
      'product by id',
      `SELECT ${COLUMNS} FROM sample_shop.products WHERE id = $1`,
      [id],
    );
    return one(rows, id);
  }

  search(words: string, limit: number): Promise<Product[]> {
    return this.database.query<Product>(
      'search',
      `SELECT ${COLUMNS} FROM sample_shop.products
       WHERE position($1 IN lower(name || ' ' || category)) > 0 ORDER BY id LIMIT $2`,
      [words, limit],
    );
  }

  /** @throws {NotFoundException} there is no such product. */
  async change(id: number, { name, description, priceCents }: ProductChange): Promise<Product> {
    const rows = await this.database.query<Product>(
      'change product',
      `UPDATE sample_shop.products SET name = coalesce($2, name),
         description = coalesce($3, description), price_cents = coalesce($4, price_cents)
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name, description, priceCents],
    );
    return one(rows, id);
  }
}

function one(rows: Product[], id: number): Product {
  if (rows.length === 0) throw new NotFoundException(`There is no product ${id}.`);
  return rows[0];
}
