import { Injectable } from '@nestjs/common';
import { CacheBatch } from 'nestjs-memcached';

export interface BooksOfAuthor {
  readonly author: number;
  readonly titles: string[];
}

@Injectable()
export class BooksService {
  /** The queries that reached the database: the authors that each asked for. */
  readonly queries: number[][] = [];

  @CacheBatch<BooksService['ofAuthors']>({ key: 'books:{0}', ttl: '10m', idOf: ({ author }) => author })
  async ofAuthors(authors: readonly number[]): Promise<BooksOfAuthor[]> {
    this.queries.push([...authors]);
    return authors.map((author) => ({ author, titles: [`Volume ${author}`, `Letters of ${author}`] }));
  }
}
