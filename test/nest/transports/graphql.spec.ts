import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  NotFoundException,
  ParseIntPipe,
  Scope,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import {
  Args,
  Context,
  Field,
  GqlExecutionContext,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  Cacheable,
  CacheEvict,
  DecoratorError,
  HttpCacheInterceptor,
  MemcachedModule,
} from '../../../lib/index.js';
import { onEmbeddedServer } from '../support/embedded.js';

// Mercurius serves GraphiQL by it, and nothing else; it requires an ES module, which Jest cannot on Node below 24.9.
jest.mock('@fastify/static', () => ({}));
const { MercuriusDriver } = await import('@nestjs/mercurius');

@ObjectType()
class Author {
  @Field(() => Int)
  id!: number;

  @Field(() => Int)
  run!: number;

  // Filled by a resolver.
  books?: string[];
}

/** Where guards and parameter decorators find the request. */
function headersOf(context: ExecutionContext): Record<string, string | undefined> {
  const { req } = GqlExecutionContext.create(context).getContext<{ req: { headers: object } }>();
  return req.headers as Record<string, string | undefined>;
}

@Injectable()
class Token {
  canActivate(context: ExecutionContext): boolean {
    if (headersOf(context).authorization === undefined) throw new UnauthorizedException();
    return true;
  }
}

const Language = createParamDecorator(
  (fallback: string, context: ExecutionContext) => headersOf(context)['x-language'] ?? fallback,
);

let runs = 0;

function run(): number {
  runs += 1;
  return runs;
}

@Resolver(() => Author)
class Authors {
  @UseGuards(Token)
  @Query(() => Author)
  @Cacheable({ key: 'author:{0}' })
  async author(@Args('id', { type: () => Int }, ParseIntPipe) id: number): Promise<Author> {
    return { id, run: run() };
  }

  @Cacheable()
  @Query(() => String)
  async greeting(@Args('name') name: string, @Language('en') language: string): Promise<string> {
    return `${language} ${name} ${run()}`;
  }

  @Query(() => String)
  @Cacheable()
  async tenant(@Context('tenant') tenant: string): Promise<string> {
    return `${tenant} ${run()}`;
  }

  @Query(() => String)
  @Cacheable()
  async missing(): Promise<string> {
    throw new NotFoundException(`run ${run()}`);
  }

  @ResolveField(() => [String])
  @Cacheable({ key: 'books:{author.id}:{limit}', params: ['author', 'limit'] })
  async books(
    @Parent() author: Author,
    @Args('limit', { type: () => Int }) limit: number,
  ): Promise<string[]> {
    return Array.from({ length: limit }, (_, at) => `book ${at} of ${author.id}, run ${run()}`);
  }

  @Mutation(() => Boolean)
  @CacheEvict({ key: 'author:{0}' })
  async rename(@Args('id', { type: () => Int }) _id: number): Promise<boolean> {
    return true;
  }
}

@Resolver()
@Injectable({ scope: Scope.REQUEST })
class Scoped {
  @Query(() => Int)
  @Cacheable()
  async scoped(@Args('id', { type: () => Int }) _id: number): Promise<number> {
    return run();
  }
}

/** An application with GraphQL over HTTP. */
async function start(servers: string, ...resolvers: (new () => object)[]): Promise<NestFastifyApplication> {
  const testing = await Test.createTestingModule({
    imports: [
      MemcachedModule.forRoot({ isGlobal: true, servers }),
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        autoSchemaFile: true,
        context: ({ headers }: { headers: object }) => ({
          tenant: new Map(Object.entries(headers)).get('x-tenant') as unknown,
        }),
      }),
    ],
    // Which must let all of this pass by.
    providers: [
      ...resolvers,
      { provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor.of({ audience: 'everyone', ttl: '1m' }) },
    ],
  }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

async function ask(query: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${await nest.app.getUrl()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
  return errors === undefined ? data : errors.map(({ message }) => message);
}

const nest = onEmbeddedServer((servers) => start(servers, Authors, Scoped));

beforeEach(() => {
  runs = 0;
});

describe('a cached resolver', () => {
  const token = { authorization: 'token' };

  it('lets guards decide first, on a hit as well', async () => {
    expect(await ask('{ author(id: 7) { id run } }')).toEqual(['Unauthorized']);
    expect(runs).toBe(0);
    for (const _ of ['miss', 'hit']) {
      expect(await ask('{ author(id: 7) { id run } }', token)).toEqual({ author: { id: 7, run: 1 } });
    }
    expect(await ask('{ author(id: 7) { id run } }')).toEqual(['Unauthorized']);
  });

  it('lets the schema and pipes refuse arguments first', async () => {
    expect(await ask('{ author(id: "seven") { id } }', token)).toEqual([expect.stringContaining('Int')]);
    expect(runs).toBe(0);
  });

  it('makes its default key of what its parameters receive', async () => {
    const german = { 'x-language': 'de' };
    expect(await ask('{ greeting(name: "ann") }')).toEqual({ greeting: 'en ann 1' });
    expect(await ask('{ greeting(name: "ann") }')).toEqual({ greeting: 'en ann 1' });
    expect(await ask('{ greeting(name: "bob") }')).toEqual({ greeting: 'en bob 2' });
    expect(await ask('{ greeting(name: "ann") }', german)).toEqual({ greeting: 'de ann 3' });
  });

  it('takes one thing of the context into its default key', async () => {
    const answers = ['acme', 'umbrella', 'acme'].map((tenant) => ask('{ tenant }', { 'x-tenant': tenant }));
    const [acme, umbrella, again] = await Promise.all(answers);
    expect(acme).toEqual({ tenant: expect.stringMatching(/^acme /) });
    expect(umbrella).toEqual({ tenant: expect.stringMatching(/^umbrella /) });
    expect(again).toEqual(acme);
    expect(runs).toBe(2);
  });

  it('does not store what it throws', async () => {
    expect(await ask('{ missing }')).toEqual(['run 1']);
    expect(await ask('{ missing }')).toEqual(['run 2']);
  });

  it('answers for fields, by their parent and arguments', async () => {
    const query = '{ author(id: 7) { run books(limit: 1) } }';
    const books = ['book 0 of 7, run 2'];
    for (const _ of ['miss', 'hit']) expect(await ask(query, token)).toEqual({ author: { run: 1, books } });
    expect(await ask('mutation { rename(id: 7) }')).toEqual({ rename: true });
    expect(await ask(query, token)).toEqual({ author: { run: 3, books } });
  });

  it('works in a resolver that is made for each request', async () => {
    for (const _ of ['miss', 'hit']) expect(await ask('{ scoped(id: 1) }')).toEqual({ scoped: 1 });
    expect(await ask('{ scoped(id: 2) }')).toEqual({ scoped: 2 });
  });

  it('is refused at boot where its default key would hold the request', async () => {
    @Resolver()
    class Requests {
      @Query(() => Int)
      @Cacheable()
      async mine(@Context() _context: object): Promise<number> {
        return run();
      }

      @Query(() => Int)
      @Cacheable({ key: 'mine:{0.req.headers.authorization}' })
      async keyed(@Context() _context: object): Promise<number> {
        return run();
      }
    }
    const error = await start(nest.servers, Requests).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DecoratorError);
    expect((error as Error).message).toBe(
      'Requests.mine @Cacheable: @Context() differs from request to request, so no two would share an answer; ' +
        "name what the result depends on by 'key'",
    );
  });
});
