import { Injectable } from '@nestjs/common';
import { Database, type Product } from './database.js';
// snippet: decorators
import { Cacheable, CacheEvict, CasUpdate, Current } from '../../../lib/index.js';

@Injectable()
export class Products {
  constructor(private readonly database: Database) {}

  /** One query in the whole fleet, however many callers in however many processes ask at once. */
  @Cacheable({ key: 'product:{0}', ttl: '5m', grace: '1h', tags: ['catalogue'] })
  find(id: number): Promise<Product> {
    return this.database.findProduct(id);
  }

  /** Once this has returned, no process stores or serves an older product. */
  @CacheEvict({ keys: ['product:{0}'] })
  rename(id: number, name: string): Promise<void> {
    return this.database.renameProduct(id, name);
  }

  /** Two buyers read 900 at once; one writes 899, the other is told to look again, and writes 898. */
  @CasUpdate({ key: 'product_count:{0}', initial: 900 })
  async buy(_id: number, quantity: number, @Current() left = 0): Promise<number> {
    if (left < quantity) throw new Error('sold out');
    return left - quantity;
  }
}
// end
