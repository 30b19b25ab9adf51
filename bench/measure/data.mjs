/** What a value is, and how two of them are found to be the same. */
const KINDS = {
  text: { make: textOf, same: (value, expected) => value === expected },
  bytes: {
    make: (size, index) => Buffer.from(textOf(size, index)),
    same: (value, expected) => Buffer.isBuffer(value) && value.equals(expected),
  },
  // Comparing every field would cost more than reading the value does.
  json: { make: (_size, index) => recordOf(index), same: sameRecord },
};

/**
 * @param {number} count
 * @param {'text' | 'bytes' | 'json'} kind
 * @param {number} size of each value, in bytes; JSON objects have about 1 KB.
 */
export function makeData(count, kind, size) {
  const { make, same } = KINDS[kind];
  return {
    keys: Array.from({ length: count }, (_, index) => `bench:item:${String(index).padStart(6, '0')}`),
    values: Array.from({ length: count }, (_, index) => make(size, index)),
    same,
  };
}

/** Stores what a workload is going to read, in the client's own way. */
export async function load(client, { keys, values }) {
  const atOnce = 50;
  for (let start = 0; start < keys.length; start += atOnce) {
    await Promise.all(
      keys.slice(start, start + atOnce).map((key, offset) => client.set(key, values[start + offset])),
    );
  }
}

/** A row as a shop's database would return it: about 1 KB of JSON. */
export function recordOf(index) {
  return {
    id: 100_000 + index,
    sku: `SKU-${String(index).padStart(8, '0')}`,
    name: `Product number ${index}, with a name of the usual length`,
    description: 'A paragraph that says what it is, how it looks, and why one would want to have it. '.repeat(
      4,
    ),
    price: { amount: 1999 + index, currency: 'EUR', taxRate: 0.19, discounted: index % 3 === 0 },
    stock: [12, 0, 7, 130, 55].map((count, shop) => ({
      shop: `shop-${shop}`,
      count: count + index,
      reserved: shop,
    })),
    tags: ['new', 'outdoor', 'summer', 'sale', 'recycled'],
    rating: 4.25,
    supplier: null,
    updatedAt: '2026-11-22T12:00:00.000Z',
  };
}

function sameRecord(value, expected) {
  return (
    value?.id === expected.id && value.sku === expected.sku && value.stock.length === expected.stock.length
  );
}

/** A text of so many characters, all of them ASCII, that no other index gives. */
export function textOf(size, index) {
  return `value ${index} `.padEnd(size, 'abcdefghijklmnopqrstuvwxyz');
}

export class WrongValue extends Error {
  constructor(key) {
    super(`a wrong value for ${key}`);
  }
}
