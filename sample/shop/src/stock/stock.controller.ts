import { Body, Controller, Get, Param, ParseIntPipe, Post, Query } from '@nestjs/common';
import { IdsPipe } from '../products/ids.pipe.js';
import { ProductsService } from '../products/products.service.js';
import { QuantityPipe } from './quantity.pipe.js';
import { StockService } from './stock.service.js';

/** What the buyer gets in hand. */
interface Receipt {
  readonly product: string;
  readonly quantity: number;
  readonly totalCents: number;
  /** What is left in stock. */
  readonly left: number;
}

@Controller()
export class StockController {
  constructor(
    private readonly stock: StockService,
    private readonly products: ProductsService,
  ) {}

  @Get('stock')
  async of(@Query('ids', IdsPipe) ids: number[]): Promise<Record<number, number>> {
    return Object.fromEntries(await this.stock.of(ids));
  }

  @Post('products/:id/purchase')
  async purchase(
    @Param('id', ParseIntPipe) id: number,
    @Body('quantity', QuantityPipe) quantity: number,
  ): Promise<Receipt> {
    const { name, priceCents } = await this.products.details(id);
    const left = await this.stock.change(id, -quantity);
    return { product: name, quantity, totalCents: priceCents * quantity, left };
  }

  @Post('products/:id/delivery')
  async deliver(
    @Param('id', ParseIntPipe) id: number,
    @Body('quantity', QuantityPipe) quantity: number,
  ): Promise<{ left: number }> {
    return { left: await this.stock.change(id, quantity) };
  }
}
