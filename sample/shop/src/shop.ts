import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ShopModule } from './shop.module.js';
import { traceToConsole } from './traces/trace-to-console.js';

const PAGE = fileURLToPath(new URL('../public', import.meta.url));

/** The shop, ready to listen. */
export async function createShop(options: NestApplicationOptions = {}): Promise<NestExpressApplication> {
  if (process.env.SHOP_TRACES === 'console') traceToConsole();
  const shop = await NestFactory.create<NestExpressApplication>(ShopModule, options);
  shop.useStaticAssets(PAGE);
  return shop;
}
