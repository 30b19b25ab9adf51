import { describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  ClassSerializerInterceptor,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Scope,
  SetMetadata,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  Version,
  VersioningType,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Exclude } from 'class-transformer';
import { delay, map, type Observable, of } from 'rxjs';
import request from 'supertest';
import {
  Cacheable,
  CacheEvict,
  CasUpdate,
  Current,
  MemcachedModule,
  MemcachedService,
} from '../../lib/index.js';
import { boot } from './support/boot.js';
import { RecordingCache } from './support/recording-cache.js';

@Injectable()
class Token implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const open = this.reflector.get<string | undefined>('open', context.getHandler());
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (open === 'yes' || headers.authorization === 'token') return true;
    throw new UnauthorizedException();
  }
}

@Injectable()
class Wrapped implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Catch(NotFoundException)
class NotFoundFilter {
  catch(_error: NotFoundException, host: ArgumentsHost): void {
    host
      .switchToHttp()
      .getResponse<{ status(code: number): { json(body: object): void } }>()
      .status(404)
      .json({ gone: true });
  }
}

const Upper = createParamDecorator((name: string, context: ExecutionContext) =>
  context.switchToHttp().getRequest<{ query: Record<string, string> }>().query[name]?.toUpperCase(),
);

class Account {
  id: number;

  @Exclude()
  password: string;

  constructor(id: number) {
    this.id = id;
    this.password = 'secret';
  }
}

@Controller({ path: 'products', version: '1' })
class ProductsController {
  calls = 0;

  @UseGuards(Token)
  @Get('guarded/:id')
  @Cacheable({ key: 'guarded:{0}' })
  @SetMetadata('open', 'no')
  async guarded(@Param('id', ParseIntPipe) id: number): Promise<object> {
    return this.#made(id);
  }

  @Cacheable()
  @HttpCode(203)
  @Header('cache-control', 'private')
  @UseInterceptors(Wrapped)
  @UseGuards(Token)
  @SetMetadata('open', 'yes')
  @Get('below/:id')
  async below(@Param('id', ParseIntPipe) id: number, @Upper('lang') lang: string): Promise<object> {
    return { ...this.#made(id), lang };
  }

  @Get('observed/:id')
  @Cacheable({ key: 'observed:{0}' })
  observed(@Param('id') id: string): Observable<object> {
    return of(this.#made(Number(id))).pipe(delay(1));
  }

  @Get('missing')
  @UseFilters(NotFoundFilter)
  @Cacheable()
  async missing(): Promise<never> {
    this.calls += 1;
    throw new NotFoundException();
  }

  @Get('account/:id')
  @UseInterceptors(ClassSerializerInterceptor)
  @Cacheable({ key: 'account:{0}' })
  async account(@Param('id', ParseIntPipe) id: number): Promise<Account> {
    return new Account(id);
  }

  @Version('2')
  @Get('guarded/:id')
  @Cacheable({ key: 'second:{0}' })
  async second(@Param('id', ParseIntPipe) id: number): Promise<object> {
    return { second: id };
  }

  @Post(':id/purchases')
  @CacheEvict({ keys: ['guarded:{0}'] })
  @CasUpdate({ key: 'stock:{0}' })
  async purchase(
    @Param('id', ParseIntPipe) _id: number,
    @Body('pieces', ParseIntPipe) pieces: number,
    @Current() left = 10,
  ): Promise<number> {
    return left - pieces;
  }

  @Get()
  @Cacheable()
  async list(@Query() query: Record<string, string>): Promise<object> {
    this.calls += 1;
    return query;
  }

  #made(id: number): { id: number; call: number } {
    this.calls += 1;
    return { id, call: this.calls };
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST, version: '1' })
class ScopedController {
  @Get(':id')
  @Cacheable({ key: 'scoped:{0}' })
  async find(@Param('id') id: string): Promise<object> {
    return { id, at: process.hrtime.bigint().toString() };
  }
}

async function start() {
  const cache = new RecordingCache();
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ isGlobal: true })],
    controllers: [ProductsController, ScopedController],
  })
    .overrideProvider(MemcachedService)
    .useValue(cache)
    .compile();
  const app = testing.createNestApplication({ logger: false });
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI });
  await app.init();
  const get = (path: string) => request(app.getHttpServer() as never).get(`/api/v1/${path}`);
  return { app, cache, get, [Symbol.asyncDispose]: () => app.close() };
}

describe('a cached route', () => {
  it('lets guards and pipes decide first, on a hit as well', async () => {
    await using shop = await start();
    await shop.get('products/guarded/7').expect(401);
    await shop.get('products/guarded/seven').set('authorization', 'token').expect(400);
    expect(shop.cache.log).toEqual([]);
    await shop.get('products/guarded/7').set('authorization', 'token').expect(200, { id: 7, call: 1 });
    await shop.get('products/guarded/7').set('authorization', 'token').expect(200, { id: 7, call: 1 });
    await shop.get('products/guarded/7').expect(401);
    expect(shop.cache.log).toEqual(['load guarded:7', 'hit guarded:7']);
  });

  it('keeps what decorators above and below it say, on a miss and on a hit', async () => {
    await using shop = await start();
    for (const _ of ['miss', 'hit']) {
      await shop
        .get('products/below/7?lang=de')
        .expect(203, { data: { id: 7, call: 1, lang: 'DE' } })
        .expect('cache-control', 'private');
    }
    await shop.get('products/below/7?lang=fr').expect(203, { data: { id: 7, call: 2, lang: 'FR' } });
    expect(shop.cache.log).toEqual([
      "load ProductsController.below(7,'DE)",
      "hit ProductsController.below(7,'DE)",
      "load ProductsController.below(7,'FR)",
    ]);
  });

  it('answers with an observable, also where its type is erased by a type-only import', async () => {
    await using shop = await start();
    for (const _ of ['miss', 'hit']) {
      expect((await shop.get('products/observed/3').expect(200)).body).toEqual({ id: 3, call: 1 });
    }
  });

  it('leaves exceptions to filters, and does not store them', async () => {
    await using shop = await start();
    await shop.get('products/missing').expect(404, { gone: true });
    await shop.get('products/missing').expect(404, { gone: true });
    expect(shop.app.get(ProductsController).calls).toBe(2);
  });

  it('is serialized behind the cache', async () => {
    await using shop = await start();
    await shop.get('products/account/1').expect(200, { id: 1 });
    expect(shop.cache.values.get('account:1')).toEqual({ id: 1, password: 'secret' });
  });

  it('has one entry for each query', async () => {
    await using shop = await start();
    await shop.get('products?b=2&a=1').expect(200, { a: '1', b: '2' });
    await shop.get('products?a=1&b=2').expect(200, { a: '1', b: '2' });
    await shop.get('products?a=1&b=3').expect(200, { a: '1', b: '3' });
    expect(shop.app.get(ProductsController).calls).toBe(2);
  });

  it('keeps versions apart', async () => {
    await using shop = await start();
    const server = shop.app.getHttpServer() as never;
    const { body } = await request(server).get('/api/v2/products/guarded/7').expect(200);
    expect(body).toEqual({ second: 7 });
  });

  it('updates and evicts behind its pipes', async () => {
    await using shop = await start();
    const buy = (pieces: unknown) =>
      request(shop.app.getHttpServer() as never)
        .post('/api/v1/products/7/purchases')
        .send({ pieces });
    await buy('many').expect(400);
    const { text } = await buy(3).expect(201);
    expect(text).toBe('7');
    expect((await buy(2)).text).toBe('5');
    expect(shop.cache.log).toEqual(['invalidate guarded:7', 'invalidate guarded:7']);
  });

  it('works in a controller that is made for each request', async () => {
    await using shop = await start();
    const first = await shop.get('scoped/a').expect(200);
    const second = await shop.get('scoped/a').expect(200);
    expect(second.body).toEqual(first.body);
    expect(shop.cache.log).toEqual(['load scoped:a', 'hit scoped:a']);
  });

  it('is the plain route where decorators are switched off', async () => {
    await using booted = await boot({ controllers: [ScopedController] }, { decorators: { enabled: false } });
    const { cache } = booted;
    await request(booted.app.getHttpServer() as never)
      .get('/scoped/a')
      .expect(200);
    expect(cache.log).toEqual([]);
  });
});
