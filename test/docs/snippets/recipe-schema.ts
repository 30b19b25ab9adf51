import { Injectable } from '@nestjs/common';
import { MemcachedService, type StandardSchema } from '../../../lib/index.js';

interface Product {
  readonly id: number;
  readonly price: { amount: number; currency: string };
}

/** As `z.object({ … })` of Zod gives it; written out here, so that nothing has to be installed. */
const productSchema: StandardSchema = {
  '~standard': {
    validate: (value) => {
      const isProduct = typeof (value as Partial<Product> | null)?.price?.amount === 'number';
      return isProduct ? {} : { issues: ['no price'] };
    },
  },
};

@Injectable()
export class Products {
  constructor(private readonly memcached: MemcachedService) {}

  find(id: number): Promise<Product> {
    return this.memcached.getOrSet(
      `product:${id}`,
      async () => ({ id, price: { amount: 5, currency: 'EUR' } }),
      {
        ttl: '10m',
        schema: productSchema,
      },
    );
  }
}
