import type { ClientOptions } from '../../../lib/index.js';

export class Product {
  name = '';
}

export const byDefault: ClientOptions = { codec: 'default' }; // what you get if you say nothing

export const withClasses: ClientOptions = { codec: { compressOverBytes: 10_000, types: { Product } } };

export const sharedWithPhp: ClientOptions = { codec: 'php' };
