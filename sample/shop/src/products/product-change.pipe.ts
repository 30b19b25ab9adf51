import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import type { ProductChange } from './product.js';

const RULES: Readonly<Record<keyof ProductChange, { is(value: unknown): boolean; expected: string }>> = {
  name: { is: (value) => isText(value, 80), expected: 'a text of 1 to 80 characters' },
  description: { is: (value) => isText(value, 400), expected: 'a text of 1 to 400 characters' },
  priceCents: {
    is: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 10_000_000,
    expected: 'a whole number from 0 to 10000000',
  },
};

/** Lets only what may be changed about a product through, and says all that is wrong at once. */
@Injectable()
export class ProductChangePipe implements PipeTransform<unknown, ProductChange> {
  transform(body: unknown): ProductChange {
    if (typeof body !== 'object' || body === null || Object.keys(body).length === 0) {
      throw new BadRequestException(`Expected some of ${Object.keys(RULES).join(', ')}.`);
    }
    const problems = Object.entries(body).flatMap(([name, value]) => {
      if (!Object.hasOwn(RULES, name)) return `${name} cannot be changed.`;
      const rule = RULES[name as keyof ProductChange];
      return rule.is(value) ? [] : `${name}: expected ${rule.expected}.`;
    });
    if (problems.length > 0) throw new BadRequestException(problems);
    return body;
  }
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength;
}
