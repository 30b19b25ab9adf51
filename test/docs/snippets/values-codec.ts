import type { MemcachedClientOptions } from '../../../lib/index.js';

export class Product {
  name = '';
}

export const byDefault: MemcachedClientOptions = { codec: 'default' }; // what you get if you say nothing

export const withClasses: MemcachedClientOptions = {
  codec: { compressOverBytes: 10_000, types: { Product } },
};

export const sharedWithPhp: MemcachedClientOptions = { codec: 'php' };
