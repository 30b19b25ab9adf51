import { Injectable } from '@nestjs/common';

/** What the environment decides. */
@Injectable()
export class Settings {
  /** Shown on the page and in `X-Served-By`, to tell several processes apart. */
  readonly processName = process.env.SHOP_NAME ?? `process ${process.pid}`;

  readonly databaseUrl = required('DATABASE_URL', 'postgresql://user:password@localhost:5432/shop');

  /** `host:port` or `host:port=weight`, several with commas between. */
  readonly memcachedServers = process.env.MEMCACHED_SERVERS ?? '127.0.0.1:11211';

  /** Lets operators see the dashboard from elsewhere. */
  readonly operatorPassword = process.env.OPERATOR_PASSWORD || undefined;

  /** Keeps the shop's keys apart from those of other applications on the same servers. */
  readonly keyPrefix = process.env.CACHE_PREFIX ?? 'shop:';
}

function required(name: string, example: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `${name} is not set, for example ${name}=${example} (npm run demo starts everything itself)`,
    );
  }
  return value;
}
