import { Controller, Get, Param, ParseIntPipe } from '@nestjs/common';
import { Database } from '../database/database.js';
import { StockRepository } from '../stock/stock.repository.js';
import { StockService } from '../stock/stock.service.js';

/** What the demo's tour measures by. Not something to put on the internet. */
@Controller('debug')
export class DebugController {
  constructor(
    private readonly database: Database,
    private readonly stock: StockService,
    private readonly stored: StockRepository,
  ) {}

  /** How many queries this process has run, by what they were for. */
  @Get('queries')
  queries() {
    return Object.fromEntries(this.database.counts());
  }

  /** What memcached and what the database says of one product's stock. */
  @Get('stock/:id')
  async stockOf(@Param('id', ParseIntPipe) id: number) {
    return { cached: await this.stock.counted(id), stored: await this.stored.of(id) };
  }
}
