import { InvalidOptionsError } from '../errors.js';
import type { Duration } from './duration.js';
import { bool, described, integer, optional, readObject, type Shape, timer, withDefault } from './schema.js';

/** What `MemcachedDashboardModule` shows, and what it lets people do. */
export interface DashboardOptions {
  /**
   * Names of the module instances that are shown, `'default'` for the one without a name.
   *
   * @default all of the application
   */
  instances?: readonly string[] | undefined;

  /**
   * Whether keys may be evicted from the page. Without it, the page changes nothing.
   *
   * @default false
   */
  evict?: boolean | undefined;

  /**
   * Between two looks at the servers, each of which is one `stats` to each server, whether or not somebody watches;
   * at least 200 ms.
   *
   * @default '5s'
   */
  interval?: Duration | undefined;

  /**
   * How far back the curves go; 0 looks at the servers only while somebody watches.
   *
   * @default '15m'
   */
  history?: Duration | undefined;

  /**
   * Most people, or tabs, that watch one process at a time; one more is answered 503.
   *
   * @default 20
   */
  maxClients?: number | undefined;
}

/** Dashboard options with nothing left open, in milliseconds. */
export interface ResolvedDashboardOptions {
  readonly instances: readonly string[] | undefined;
  readonly evict: boolean;
  readonly interval: number;
  readonly history: number;
  readonly maxClients: number;
}

/** One reader for each option of the dashboard. */
export const DASHBOARD_OPTIONS: Shape<ResolvedDashboardOptions> = {
  instances: optional(
    described(
      (value, path): readonly string[] => {
        const isNames =
          Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
        if (isNames && value.length > 0) return Object.freeze([...(value as string[])]);
        throw new InvalidOptionsError(
          path,
          "expected names of module instances, such as ['default', 'sessions']",
        );
      },
      { type: 'string[]' },
    ),
    'all of the application',
  ),
  evict: withDefault(bool, false),
  interval: withDefault(timer(200), 5000),
  history: withDefault(timer(), 15 * 60_000),
  maxClients: withDefault(integer(1), 20),
};

/** @throws {InvalidOptionsError} with the path of the wrong option. */
export function resolveDashboardOptions(options: DashboardOptions): ResolvedDashboardOptions {
  return readObject<ResolvedDashboardOptions>(options, '', DASHBOARD_OPTIONS, "{ interval: '5s' }");
}
