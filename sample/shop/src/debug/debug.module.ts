import { Module } from '@nestjs/common';
import { StockModule } from '../stock/stock.module.js';
import { DebugController } from './debug.controller.js';

@Module({ imports: [StockModule], controllers: [DebugController] })
export class DebugModule {}
