import type { Product } from '../products/product.js';

const MATERIALS = (
  'Ash Bamboo Beech Birch Brass Canvas Cedar Ceramic Cherry Copper Cork Cotton ' +
  'Enamel Felt Glass Granite Iron Leather Linen Maple Marble Oak Steel Walnut'
).split(' ');

const THINGS = [
  { thing: 'desk lamp', category: 'Lighting', cents: 6900 },
  { thing: 'lantern', category: 'Lighting', cents: 3400 },
  { thing: 'pendant lamp', category: 'Lighting', cents: 11900 },
  { thing: 'candle holder', category: 'Lighting', cents: 1800 },
  { thing: 'stool', category: 'Furniture', cents: 8900 },
  { thing: 'side table', category: 'Furniture', cents: 14900 },
  { thing: 'bench', category: 'Furniture', cents: 21900 },
  { thing: 'bookshelf', category: 'Furniture', cents: 18900 },
  { thing: 'coat rack', category: 'Furniture', cents: 7900 },
  { thing: 'step ladder', category: 'Furniture', cents: 9900 },
  { thing: 'teapot', category: 'Kitchen', cents: 4900 },
  { thing: 'pitcher', category: 'Kitchen', cents: 3900 },
  { thing: 'bowl', category: 'Kitchen', cents: 2400 },
  { thing: 'serving tray', category: 'Kitchen', cents: 3200 },
  { thing: 'coaster set', category: 'Kitchen', cents: 1500 },
  { thing: 'bread box', category: 'Kitchen', cents: 5400 },
  { thing: 'vase', category: 'Decoration', cents: 2900 },
  { thing: 'wall clock', category: 'Decoration', cents: 5900 },
  { thing: 'picture frame', category: 'Decoration', cents: 2200 },
  { thing: 'mirror', category: 'Decoration', cents: 8400 },
  { thing: 'planter', category: 'Decoration', cents: 3600 },
  { thing: 'basket', category: 'Storage', cents: 2700 },
  { thing: 'pencil cup', category: 'Storage', cents: 1400 },
  { thing: 'magazine rack', category: 'Storage', cents: 4400 },
  { thing: 'umbrella stand', category: 'Storage', cents: 6400 },
] as const;

/** Every thing in every material: 600 products, the same ones in every database. */
export function catalogue(): Product[] {
  return Array.from({ length: MATERIALS.length * THINGS.length }, (_, index) => {
    const { thing, category, cents } = THINGS[index % THINGS.length];
    // 7 shares no divisor with 24, so the material changes from product to product and no pair comes twice.
    const material = MATERIALS[(index * 7) % MATERIALS.length];
    return {
      id: index + 1,
      name: `${material} ${thing}`,
      category,
      description: `A ${thing} made of ${material.toLowerCase()}, one of ${MATERIALS.length} materials it comes in.`,
      priceCents: cents + ((index * 37) % 20) * 50,
    };
  });
}
