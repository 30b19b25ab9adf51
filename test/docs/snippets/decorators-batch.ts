import { Injectable } from '@nestjs/common';
import { CacheBatch } from '../../../lib/index.js';

@Injectable()
export class Authors {
  readonly queries: (readonly number[])[] = [];

  /** One trip to each server for all ids, and one query for those that are missing, if any. */
  @CacheBatch<Authors['findMany']>({ key: 'author:{0}', idOf: (author) => author.id, ttl: '10m' })
  async findMany(ids: readonly number[]): Promise<{ id: number; name: string }[]> {
    this.queries.push(ids);
    return ids.map((id) => ({ id, name: `author ${id}` }));
  }
}
