import { Injectable } from '@nestjs/common';
import { Args, Query, Resolver } from '@nestjs/graphql';
import { CacheBatch, Cacheable } from '../../../lib/index.js';

@Injectable()
export class Authors {
  @CacheBatch<Authors['named']>({ key: 'author:{0}', idOf: (author) => author.id, ttl: '10m' })
  async named(ids: readonly number[]): Promise<{ id: number; name: string }[]> {
    return ids.map((id) => ({ id, name: `author ${id}` })); // one query for all ids that are missing
  }
}

@Resolver()
export class TitlesResolver {
  @Query(() => [String])
  @Cacheable({ key: 'titles:{0}', ttl: '1m' })
  async titles(@Args('author') author: string): Promise<string[]> {
    return [`a book by ${author}`];
  }
}
