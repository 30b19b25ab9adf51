import { Injectable, type OnModuleInit } from '@nestjs/common';
import { catalogue } from './catalogue.js';
import { Database } from './database.js';

/** What every product has of itself at first. */
const FIRST_STOCK = 900;

/**
 * Statements of one query text are one transaction, and the lock lasts as long as it does:
 * several processes may start on an empty database at the same time.
 */
const TABLES = `
  SELECT pg_advisory_xact_lock(900899);
  CREATE SCHEMA IF NOT EXISTS sample_shop;
  CREATE TABLE IF NOT EXISTS sample_shop.products (
    id          integer PRIMARY KEY,
    name        text    NOT NULL,
    category    text    NOT NULL,
    description text    NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents >= 0),
    stock       integer NOT NULL CHECK (stock >= 0)
  );
`;

const PRODUCTS = `
  INSERT INTO sample_shop.products (id, name, category, description, price_cents, stock)
  SELECT id, name, category, description, "priceCents", $2
  FROM jsonb_to_recordset($1) AS product (id int, name text, category text, description text, "priceCents" int)
  ON CONFLICT (id) DO NOTHING
`;

/** Makes the tables and fills them, where that has not been done. */
@Injectable()
export class Schema implements OnModuleInit {
  constructor(private readonly database: Database) {}

  async onModuleInit(): Promise<void> {
    await this.database.query('make tables', TABLES);
    await this.database.query('fill tables', PRODUCTS, [JSON.stringify(catalogue()), FIRST_STOCK]);
  }
}
