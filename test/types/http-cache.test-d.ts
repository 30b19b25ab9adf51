import { Controller, Get } from '@nestjs/common';
import { HttpCache, HttpCacheInterceptor } from '../../lib/index.js';

interface Authorized {
  readonly user: { readonly id: string };
}

/** Compiles, and compiles only so: what guards add to a request is said by the type of the function's parameter. */
@Controller('types')
export class Routes {
  readonly interceptor = HttpCacheInterceptor.of({ audience: (request: Authorized) => request.user.id });

  @Get('headers')
  @HttpCache({
    audience: ({ headers }) => headers['x-user'] as string | undefined,
    when: ({ url }) => url !== '/',
  })
  headers(): string {
    return '';
  }

  @Get('user')
  @HttpCache({ audience: (request: Authorized) => request.user.id, tags: ({ user }) => [`user:${user.id}`] })
  user(): string {
    return '';
  }

  @Get('unknown')
  // @ts-expect-error a request bears no user unless the function says so
  @HttpCache({ audience: (request) => request.user.id })
  unknown(): string {
    return '';
  }

  @Get('unknown-option')
  // @ts-expect-error answers are not computed behind their responses
  @HttpCache({ audience: 'everyone', serveStale: true })
  stale(): string {
    return '';
  }
}
