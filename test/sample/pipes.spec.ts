import { BadRequestException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { IdsPipe } from '../../sample/shop/src/products/ids.pipe.js';
import { ProductChangePipe } from '../../sample/shop/src/products/product-change.pipe.js';
import { QuantityPipe } from '../../sample/shop/src/stock/quantity.pipe.js';

describe('what the shop takes for a change of a product', () => {
  const pipe = new ProductChangePipe();

  it('lets the parts through that may be changed', () => {
    const change = { name: 'Oak bench', description: 'Seats three.', priceCents: 0 };
    expect(pipe.transform(change)).toEqual(change);
    expect(pipe.transform({ priceCents: 100 })).toEqual({ priceCents: 100 });
  });

  it.each([[undefined], [null], ['text'], [[]], [{}]])('refuses %p, which changes nothing', (body) => {
    expect(() => pipe.transform(body)).toThrow(BadRequestException);
  });

  it('refuses parts that are not to be changed, also those every object has', () => {
    expect(() => pipe.transform({ stock: 5 })).toThrow(BadRequestException);
    expect(() => pipe.transform({ constructor: 'x' })).toThrow(BadRequestException);
    expect(() => pipe.transform(JSON.parse('{"__proto__": "x"}'))).toThrow(BadRequestException);
  });

  it.each([
    ['name', ' '],
    ['name', 'x'.repeat(81)],
    ['description', 5],
    ['priceCents', -1],
    ['priceCents', 1.5],
    ['priceCents', '100'],
  ])('refuses %s = %p', (name, value) => {
    expect(() => pipe.transform({ [name]: value })).toThrow(BadRequestException);
  });

  it('says everything that is wrong at once', () => {
    try {
      pipe.transform({ name: '', priceCents: -1 });
      throw new Error('it was taken');
    } catch (error) {
      const { message } = (error as BadRequestException).getResponse() as { message: string[] };
      expect(message).toHaveLength(2);
    }
  });
});

describe('what the shop takes for ids and quantities', () => {
  it('reads a list of ids', () => {
    expect(new IdsPipe().transform('1,20,300')).toEqual([1, 20, 300]);
  });

  it.each([[undefined], [''], ['1,'], ['1,x'], ['-1'], [['1']]])('refuses %p as ids', (written) => {
    expect(() => new IdsPipe().transform(written)).toThrow(BadRequestException);
  });

  it('refuses more ids than one answer should hold', () => {
    expect(new IdsPipe().transform(Array(1000).fill(1).join())).toHaveLength(1000);
    expect(() => new IdsPipe().transform(Array(1001).fill(1).join())).toThrow(BadRequestException);
  });

  it('takes one for a quantity that is not given', () => {
    expect(new QuantityPipe().transform(undefined)).toBe(1);
    expect(new QuantityPipe().transform(1000)).toBe(1000);
  });

  it.each([[0], [-1], [1001], [1.5], ['1'], [null], [Number.NaN]])('refuses %p as a quantity', (quantity) => {
    expect(() => new QuantityPipe().transform(quantity)).toThrow(BadRequestException);
  });
});
