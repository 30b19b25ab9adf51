import { type ExecutionContext, Injectable } from '@nestjs/common';
import { HttpCacheInterceptor } from '../../../lib/index.js';

@Injectable()
export class CatalogueCache extends HttpCacheInterceptor {
  protected override readonly options = { audience: 'everyone', ttl: '5m', tags: ['catalogue'] } as const;

  protected override isRequestCacheable(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ query: { draft?: string } }>().query.draft === undefined;
  }

  /** Invalidated by name, where the answer depends on no request header: `memcached.invalidate('catalogue:home')`. */
  protected override trackBy(context: ExecutionContext, key: string): string | undefined {
    const { path } = context.switchToHttp().getRequest<{ path: string }>();
    return path === '/' ? 'catalogue:home' : key;
  }
}
