import {
  Body,
  Controller,
  Get,
  Param,
  ParseBoolPipe,
  ParseIntPipe,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import { Cacheable } from 'nestjs-memcached';
import { ProductChangePipe } from './product-change.pipe.js';
import type { Product, ProductChange } from './product.js';
import { ProductsRepository } from './products.repository.js';
import { ProductsService } from './products.service.js';

/** So many read one product at once in a stampede. */
const READERS = 200;

@Controller('products')
export class ProductsController {
  constructor(
    private readonly products: ProductsService,
    private readonly repository: ProductsRepository,
  ) {}

  @Get()
  search(@Query('q') words = ''): Promise<Product[]> {
    const wanted = words.trim().toLowerCase();
    return wanted === '' ? this.products.all() : this.products.search(wanted);
  }

  // Asks the database and not `products.details`: an answer made of a cached value could outlive the eviction of both.
  @Get(':id')
  @Cacheable({ key: 'product:{0}', ttl: '5m' })
  find(@Param('id', ParseIntPipe) id: number): Promise<Product> {
    return this.repository.find(id);
  }

  /** Many readers of a product that is in no cache, with the cache and without it: the queries are in Server-Timing. */
  @Post(':id/stampede')
  async stampede(
    @Param('id', ParseIntPipe) id: number,
    @Body('cached', ParseBoolPipe) cached: boolean,
  ): Promise<{ readers: number }> {
    await this.products.forget(id);
    const read = cached ? () => this.products.details(id) : () => this.repository.find(id);
    await Promise.all(Array.from({ length: READERS }, read));
    return { readers: READERS };
  }

  @Patch(':id')
  change(
    @Param('id', ParseIntPipe) id: number,
    @Body(ProductChangePipe) change: ProductChange,
  ): Promise<Product> {
    return this.products.change(id, change);
  }
}
