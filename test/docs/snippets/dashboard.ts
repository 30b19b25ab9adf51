import { type CanActivate, type ExecutionContext, Injectable, Module } from '@nestjs/common';
import { MemcachedModule } from '../../../lib/index.js';
import { MemcachedDashboardModule } from '../../../lib/dashboard/index.js';

/** Stands for whatever lets the people in who look after your application. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user?: { isAdmin: boolean } }>();
    return user?.isAdmin === true;
  }
}

@Module({
  imports: [
    MemcachedModule.forRoot({ isGlobal: true, servers: process.env.MEMCACHED_SERVERS }),
    MemcachedDashboardModule.forRoot({ path: '/memcached', guards: [AdminGuard] }),
  ],
})
export class WatchedModule {}
