import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** Reads the quantity of a purchase or a delivery; one, if nothing is said. */
@Injectable()
export class QuantityPipe implements PipeTransform<unknown, number> {
  transform(quantity: unknown = 1): number {
    if (Number.isInteger(quantity) && Number(quantity) >= 1 && Number(quantity) <= 1000)
      return Number(quantity);
    throw new BadRequestException('quantity: expected a whole number from 1 to 1000.');
  }
}
