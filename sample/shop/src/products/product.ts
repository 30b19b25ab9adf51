/** A product as the shop shows it. Its stock is not part of it: it changes too often to be cached with it. */
export interface Product {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly priceCents: number;
}

/** What may be changed about a product. */
export type ProductChange = Partial<Pick<Product, 'name' | 'description' | 'priceCents'>>;
