import type { ModuleCache } from '../instance/module-cache.js';

/**
 * One call of a decorated method, as one of its decorators sees it.
 *
 * A class, and no literal: what literals make, the engine begins to put among old objects once enough of them have outlived a
 * collection, as those of misses do, and what a hit makes then stays as long.
 */
export class Call {
  readonly cache: ModuleCache;
  readonly self: object;
  readonly args: readonly unknown[];
  readonly route: Route;
  /** The position of the decorator among those of the method. */
  readonly at: number;

  constructor(cache: ModuleCache, self: object, args: readonly unknown[], route: Route, at: number) {
    this.cache = cache;
    this.self = self;
    this.args = args;
    this.route = route;
    this.at = at;
  }

  /** The same with other arguments. */
  withArgs(args: readonly unknown[]): Call {
    return new Call(this.cache, this.self, args, this.route, this.at);
  }

  /**
   * Calls what lies further in: the next decorator, in the end the method. May be called several times, or not at all.
   *
   * @returns what the method's caller would get.
   */
  next(args: readonly unknown[] = this.args): Promise<unknown> {
    return this.route.enter(this.at + 1, this.self, args);
  }
}

/** The way of a call through the decorators of its method, from the outside in. */
export interface Route {
  /** Made within `forceFresh`. */
  readonly isForced: boolean;
  /** Goes on with the decorator at `at`, or the method itself behind the last; never throws but rejects. */
  enter(at: number, self: object, args: readonly unknown[]): Promise<unknown>;
}
