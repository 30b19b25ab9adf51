import type { NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import { MemcachedService } from '../../../lib/index.js';
import { MemcachedSessionStore } from '../../../lib/adapters/session.js';

export function useSessions(app: NestExpressApplication, secret: string): void {
  const store = new MemcachedSessionStore(app.get(MemcachedService), { ttl: '1d' });
  app.use(session({ store, secret, resave: false, saveUninitialized: false }));
}
