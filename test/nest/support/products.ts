import { Injectable } from '@nestjs/common';
import { Cacheable } from '../../../lib/index.js';

/** A provider with a decorated method. */
@Injectable()
export class Products {
  /** How often the method itself has run. */
  calls = 0;

  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<string> {
    this.calls += 1;
    return `product ${id}`;
  }

  async findTwice(id: number): Promise<string[]> {
    return [await this.find(id), await this.find(id)];
  }
}
