import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from '../../../lib/index.js';

/** Stands for your database. */
const articles = ['one', 'two', 'three'];

@Injectable()
export class Articles {
  @Cacheable({ key: 'articles:{0}:{1}', ttl: '10m', tags: ['articles'] })
  async page(page: number, size: number): Promise<string[]> {
    return articles.slice(page * size, (page + 1) * size);
  }

  @CacheEvict({ tags: ['articles'], soft: '30s' })
  async add(title: string): Promise<void> {
    articles.unshift(title);
  }
}
