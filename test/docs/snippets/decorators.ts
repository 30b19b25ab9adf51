import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict, CasUpdate, Current } from '../../../lib/index.js';

/** Stands for your database. */
export const rows = new Map([[7, { id: 7, name: 'lamp' }]]);

@Injectable()
export class Products {
  /** One query in the whole fleet, however many callers in however many processes ask at once. */
  @Cacheable({ key: 'product:{0}', ttl: '5m', grace: '1h', tags: ['catalogue'] })
  async find(id: number) {
    return rows.get(id) ?? null;
  }

  /** Once this has returned, no process stores or serves an older product. */
  @CacheEvict({ keys: ['product:{0}'] })
  async rename(id: number, name: string) {
    rows.set(id, { id, name });
  }

  /** Two buyers read 900 at once; one writes 899, the other is told to look again, and writes 898. */
  @CasUpdate({ key: 'product_count:{0}', initial: 900 })
  async buy(_id: number, quantity: number, @Current() left = 0): Promise<number> {
    if (left < quantity) throw new Error('sold out');
    return left - quantity;
  }
}
