import 'reflect-metadata';
import { deepStrictEqual } from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as classTransformer from 'class-transformer';
import { inBytes, type Codec, type Encoded } from '../../../lib/client/codec/codec.js';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { CodecError } from '../../../lib/errors.js';
import { readCodec, type CodecOptions } from '../../../lib/options/codec-options.js';

class Price {
  constructor(
    readonly amount: number,
    readonly currency = 'EUR',
  ) {
    Price.made += 1;
  }
  static made = 0;
  get text(): string {
    return `${this.amount} ${this.currency}`;
  }
}

class Discounted extends Price {}

class Money {
  readonly #cents: bigint;
  constructor(cents: bigint) {
    this.#cents = cents;
  }
  get cents(): bigint {
    return this.#cents;
  }
}

class Account {
  balance = 1;
  peer?: Account;
  set trap(_: number) {
    throw new Error('no setter may run');
  }
}

class Lru extends Map<string, number> {}

const codecOf = (options: CodecOptions): Codec => createCodec(readCodec(options, 'codec'));

function roundTrip(codec: Codec, value: unknown): any {
  const { data, flags } = inBytes(codec.encode(value, 'key') as Encoded);
  return codec.decode(data, flags, 'key');
}

describe('a class that codec.types names', () => {
  const codec = codecOf({ types: { Price, Account, V2: Discounted } });

  it('has its instances back, at any depth, without a constructor being called', () => {
    const value = { list: [new Price(1), new Discounted(2)], map: new Map([['p', new Price(3, 'CHF')]]) };
    const made = Price.made;
    const read = roundTrip(codec, value);
    expect(Price.made).toBe(made);
    deepStrictEqual(read as unknown, value);
    expect(read.map.get('p').text).toBe('3 CHF');
    expect(read.list[1]).toBeInstanceOf(Discounted);
  });

  it('may have instances that lead back to themselves', () => {
    const [one, two] = [new Account(), new Account()];
    one.peer = two;
    two.peer = one;
    const read = roundTrip(codec, one);
    expect(read.peer.peer).toBe(read);
    expect(read).toBeInstanceOf(Account);
  });

  it('does not have its setters run', () => {
    const account = Object.defineProperty(new Account(), 'trap', { value: 1, enumerable: true });
    expect(Object.getOwnPropertyDescriptor(roundTrip(codec, account), 'trap')?.value).toBe(1);
  });

  it('is stored under the name given, and read only where the name is known', () => {
    const { data, flags } = inBytes(codec.encode(new Discounted(1), 'key') as Encoded);
    expect(data.toString()).toContain('"V2"');
    expect(() => codecOf({}).decode(data, flags, 'key')).toThrow(
      "an instance of 'V2', a class that codec.types does not name",
    );
  });

  it('does not speak for its subclasses', () => {
    expect(() => codecOf({ types: { Price } }).encode([new Discounted(1)], 'key')).toThrow(
      '$[0]: an instance of Discounted would come back without its class',
    );
  });

  it('needs toPlain and revive where it is built on a built-in one', () => {
    expect(() => codecOf({ types: { Lru } }).encode(new Lru(), 'key')).toThrow(
      '$: instances of Lru are built on Map',
    );
  });
});

describe('toPlain and revive', () => {
  const codec = codecOf({
    types: {
      Money: {
        class: Money,
        toPlain: (money: Money) => money.cents,
        revive: (cents: bigint) => new Money(cents),
      },
      Lru: {
        class: Lru,
        toPlain: (lru: Lru) => [...lru],
        revive: (entries: [string, number][]) => new Lru(entries),
      },
      Price: { class: Price, revive: ({ amount, currency }: Price) => new Price(amount, currency) },
    },
  });

  it('carry what properties do not show', () => {
    const read = roundTrip(codec, { paid: new Money(5n), recent: new Lru([['a', 1]]), price: new Price(2) });
    expect(read.paid.cents).toBe(5n);
    expect(read.recent).toEqual(new Lru([['a', 1]]));
    expect(read.recent).toBeInstanceOf(Lru);
    expect(read.price.text).toBe('2 EUR');
  });

  it('keep two appearances of one instance one', () => {
    const money = new Money(1n);
    const read = roundTrip(codec, [money, money]);
    expect(read[0]).toBe(read[1]);
  });

  it('cannot carry an instance within itself', () => {
    const lru = new Lru();
    lru.set('self', lru as unknown as number);
    expect(() => codec.encode(lru, 'key')).toThrow('an instance that is revived cannot contain itself');
  });

  it('leave their own error as the cause', () => {
    const failing = codecOf({
      types: {
        Price: {
          class: Price,
          revive: () => {
            throw new Error('too old');
          },
        },
      },
    });
    const { data, flags } = inBytes(failing.encode(new Price(1), 'key') as Encoded);
    expect(() => failing.decode(data, flags, 'key')).toThrow(
      new CodecError('codec.types.Price.revive failed', { cause: new Error('too old') }),
    );
  });
});

describe('class-transformer', () => {
  class Visit {
    at!: Date;
    page!: string;
  }
  classTransformer.Type(() => Date)(Visit.prototype, 'at');
  class Visitor {
    name!: string;
    password?: string;
    visits!: Visit[];
  }
  classTransformer.Type(() => Visit)(Visitor.prototype, 'visits');
  classTransformer.Exclude()(Visitor.prototype, 'password');

  it('turns instances into plain objects and back by their decorators', () => {
    const codec = codecOf({ types: { Visitor }, classTransformer });
    const visit = Object.assign(new Visit(), { at: new Date(5), page: '/' });
    const visitor = Object.assign(new Visitor(), { name: 'Ada', password: 'hunter2', visits: [visit] });
    const { data } = inBytes(codec.encode(visitor, 'key') as Encoded);
    expect(data.toString()).not.toContain('hunter2');
    const read = roundTrip(codec, { visitor }).visitor;
    expect(read).toBeInstanceOf(Visitor);
    expect(read.visits[0]).toBeInstanceOf(Visit);
    expect(read.visits[0].at).toEqual(new Date(5));
  });
});

describe("classInstances: 'flatten'", () => {
  const codec = codecOf({ classInstances: 'flatten' });

  it('stores own enumerable properties, as plain JSON where they are that', () => {
    const { data, flags } = inBytes(codec.encode({ price: new Price(1) }, 'key') as Encoded);
    expect([data.toString(), flags]).toEqual(['{"price":{"amount":1,"currency":"EUR"}}', 48]);
  });

  it('does not ask for toJSON', () => {
    const value = new (class {
      a = 1;
      toJSON(): string {
        return 'b';
      }
    })();
    expect(roundTrip(codec, value)).toStrictEqual({ a: 1 });
  });

  it('still refuses what is built on a built-in class, and functions in it', () => {
    expect(() => codec.encode(new Lru(), 'key')).toThrow('an instance of Lru');
    expect(() => codec.encode(Object.assign(new Account(), { run: () => 1 }), 'key')).toThrow(
      '$.run: a function',
    );
  });
});

describe('an instance that is refused', () => {
  it('is not shown by the error', () => {
    let shown = '';
    try {
      void codecOf({}).encode({ a: new Price(1, 'hunter2') }, 'key');
    } catch (error) {
      shown = inspect(error, { depth: 10 });
    }
    expect(shown).toContain('$.a: an instance of Price');
    expect(shown).not.toContain('hunter2');
  });
});
