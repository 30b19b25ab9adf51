import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Pool, type QueryResultRow } from 'pg';
import { AnswerTraces } from '../answers/answer-trace.js';
import { Settings } from '../settings/settings.js';

/** Runs queries and counts them, since queries not run are what a cache is for. */
@Injectable()
export class Database implements OnApplicationShutdown {
  readonly #logger = new Logger(Database.name);
  readonly #pool: Pool;
  readonly #counts = new Map<string, number>();

  constructor(
    settings: Settings,
    private readonly traces: AnswerTraces,
  ) {
    this.#pool = new Pool({ connectionString: settings.databaseUrl, max: 5 });
    this.#pool.on('error', (error) => this.#logger.warn(`an idle connection was lost: ${error.message}`));
  }

  /**
   * @param label what the query is for; queries are counted by it.
   * @returns the rows.
   */
  async query<Row extends QueryResultRow>(
    label: string,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
    const startedMs = performance.now();
    try {
      const { rows } = await this.#pool.query<Row>(text, values);
      return rows;
    } finally {
      this.traces.addQuery(performance.now() - startedMs);
    }
  }

  /** Asks the database for a sign of life, which does not count as a query. */
  async ping(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  /** How many queries this process has run, by label. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.end();
  }
}
