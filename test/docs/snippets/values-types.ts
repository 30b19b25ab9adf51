import type { MemcachedClientOptions } from '../../../lib/index.js';

export class Product {
  name = '';
}

export class Money {
  readonly #cents: bigint;

  constructor(cents: bigint) {
    this.#cents = cents;
  }

  get cents(): bigint {
    return this.#cents;
  }
}

export const options: MemcachedClientOptions = {
  codec: {
    types: {
      Product, // its properties come back on an object with its prototype; no constructor is called
      Money: {
        class: Money,
        toPlain: (money: Money) => money.cents,
        revive: (cents: bigint) => new Money(cents),
      },
    },
  },
};
