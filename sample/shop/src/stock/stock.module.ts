import { Module } from '@nestjs/common';
import { ProductsModule } from '../products/products.module.js';
import { StockController } from './stock.controller.js';
import { StockRepository } from './stock.repository.js';
import { StockService } from './stock.service.js';

@Module({
  imports: [ProductsModule],
  controllers: [StockController],
  providers: [StockRepository, StockService],
  exports: [StockRepository, StockService],
})
export class StockModule {}
