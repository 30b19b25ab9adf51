import { Args, Field, Int, ObjectType, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Cacheable } from 'nestjs-memcached';
import { BooksService, type BooksOfAuthor } from './books.service.js';
import { Gathered } from './gathered.js';

@ObjectType()
export class Author {
  @Field(() => Int)
  id!: number;

  @Field(() => String)
  name!: string;
}

@Resolver(() => Author)
export class AuthorsResolver {
  /** How often the list of authors was loaded. */
  listed = 0;

  readonly #books: Gathered<number, BooksOfAuthor>;

  constructor(books: BooksService) {
    this.#books = new Gathered((authors) => books.ofAuthors(authors));
  }

  @Query(() => [Author])
  @Cacheable({ key: 'authors:{0}', ttl: '10m' })
  async authors(@Args('first', { type: () => Int }) first: number): Promise<Author[]> {
    this.listed += 1;
    return Array.from({ length: first }, (_, at) => ({ id: at + 1, name: `Author ${at + 1}` }));
  }

  @ResolveField(() => [String])
  async books(@Parent() { id }: Author): Promise<string[]> {
    return (await this.#books.one(id)).titles;
  }
}
