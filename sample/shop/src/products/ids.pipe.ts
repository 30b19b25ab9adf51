import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** How many products one request may ask for. */
const MAX_IDS = 1000;

/** Reads `1,2,3`. */
@Injectable()
export class IdsPipe implements PipeTransform<unknown, number[]> {
  transform(written: unknown): number[] {
    if (typeof written === 'string' && /^\d{1,9}(,\d{1,9})*$/.test(written)) {
      const ids = written.split(',').map(Number);
      if (ids.length <= MAX_IDS) return ids;
    }
    throw new BadRequestException(
      `ids: expected up to ${MAX_IDS} whole numbers with commas between, such as 1,2,3.`,
    );
  }
}
