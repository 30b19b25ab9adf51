import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict, CachePut } from '../../../lib/index.js';

interface Article {
  readonly id: number;
  readonly slug: string;
  readonly author: number;
}

@Injectable()
export class Articles {
  // Class, method and all arguments make the key: Articles.count('published)
  @Cacheable({ ttl: '1m' })
  async count(_state: string): Promise<number> {
    return 1;
  }

  // A template with positions: article:7
  @Cacheable({ key: 'article:{0}', tags: ['author:{1}'] })
  async find(id: number, author: number): Promise<Article> {
    return { id, slug: 'news', author };
  }

  // A template with names, and with a property of an argument: search:acme:red%20shoes
  @Cacheable({ key: 'search:{by.tenant.id}:{by.term}', params: ['by'] })
  async search(by: { tenant: { id: string }; term: string }): Promise<Article[]> {
    return [{ id: 1, slug: by.term, author: 1 }];
  }

  // A function; the parts of a list are escaped, and joined by colons. The method's type types the arguments.
  @Cacheable<Articles['page']>({ key: (page, size) => ['page', Math.max(page, 1), size] })
  async page(page: number, size: number): Promise<Article[]> {
    return [{ id: page * size, slug: 'page', author: 1 }];
  }

  // What the method returned can be part of the keys to write.
  @CachePut({ key: 'article:{result.id}', tags: ['author:{result.author}'] })
  @CacheEvict({ keys: ['slug:{result.slug}'], tags: ['author:{result.author}'] })
  async create(slug: string, author: number): Promise<Article> {
    return { id: 8, slug, author };
  }
}
