import { Logger } from '@nestjs/common';
import type { ManyResult } from '../client/many-result.js';
import type { NodeStatus } from '../client/server-commands.js';
import { ClientClosedError, ConnectionError } from '../errors.js';
import type { ResolvedModuleOptions } from '../options/module-options.js';
import { ApplicationMark } from './application-mark.js';
import { logContextOf } from './instance/module-name.js';
import type { MemcachedService } from './memcached.service.js';

/** So many servers are named in one line. */
const NAMED = 20;

/**
 * Says in one line of the log what a module's cache is made of and whether it can be reached, and looks whether another
 * application stores under the same keys. Behind the start, which waits for nothing and fails by nothing of it.
 */
export class StartReport {
  readonly #memcached: MemcachedService;
  readonly #options: ResolvedModuleOptions;
  readonly #logger: Logger;
  #isTold = false;

  constructor(memcached: MemcachedService, options: ResolvedModuleOptions, name: string) {
    this.#memcached = memcached;
    this.#options = options;
    this.#logger = new Logger(logContextOf(name));
  }

  /** @param identity what the application is known by. */
  tell(identity: readonly string[]): void {
    if (this.#isTold || !isSeen()) return;
    this.#isTold = true;
    if (!this.#options.connectAtStart) {
      this.#logger.log(this.#line(new Map(), 'asked with the first command'));
      return;
    }
    // Neither is anything to the application: a server that is down has a line of its own, a closed client none.
    this.#ask(identity).catch(() => undefined);
  }

  async #ask(identity: readonly string[]): Promise<void> {
    const { connectTimeout, commandTimeout } = this.#options.client;
    const ask = (): Promise<ManyResult<string>> =>
      this.#memcached.version({ timeout: connectTimeout + commandTimeout });
    let versions = await ask();
    // A proxy hangs up on somebody's `stats`, and on what was sent beside it.
    if (versions.failures.some(({ error }) => error instanceof ConnectionError)) versions = await ask();
    if (versions.failures.some(({ error }) => error instanceof ClientClosedError)) return;
    const failures = new Map(versions.failures.map(({ server, error }) => [server, error.message]));
    this.#logger.log(this.#line(failures, undefined));
    if (versions.size === 0) return;
    const mark = new ApplicationMark(this.#memcached.client, this.#options.application, identity);
    const stranger = await mark.leave();
    if (stranger !== undefined) this.#logger.warn(this.#warning(stranger));
  }

  /** @param state of all servers, where none was asked. */
  #line(failures: ReadonlyMap<string, string>, state: string | undefined): string {
    const servers = this.#memcached.topology();
    const { distribution } = this.#options.client;
    const name = typeof distribution === 'object' ? distribution.type : distribution;
    const named = servers
      .slice(0, NAMED)
      .map((server) => written(server, state ?? stateOf(server, failures)));
    const more = servers.length > NAMED ? [`and ${servers.length - NAMED} more`] : [];
    return (
      `${servers.length === 1 ? '1 server' : `${servers.length} servers`}: ${[...named, ...more].join(', ')}; distribution ` +
      `${typeof name === 'function' ? 'of your own' : name}; ${this.#prefix}.`
    );
  }

  get #prefix(): string {
    const { keyPrefix } = this.#options.client;
    return keyPrefix === '' ? 'no keyPrefix' : `keyPrefix '${keyPrefix}'`;
  }

  #warning(stranger: string): string {
    return (
      `Another application (${stranger}) stores under the same keys on these servers, with ${this.#prefix}: each could be ` +
      "served what the other returned. Give each a 'keyPrefix' of its own; where they are to share, give both the same " +
      "name by the option 'application'."
    );
  }
}

function written({ server, weight }: NodeStatus, state: string): string {
  return `${server}${weight === 1 ? '' : ` (weight ${weight})`} ${state}`;
}

function stateOf({ server, dialect, hasCas }: NodeStatus, failures: ReadonlyMap<string, string>): string {
  const failure = failures.get(server);
  if (failure !== undefined) return `not reachable (${failure})`;
  return `reachable in the ${dialect ?? 'meta'} dialect${hasCas ? '' : ', without cas tokens'}`;
}

/** Whether anybody reads the log; that of Nest's testing modules shows errors alone. */
function isSeen(): boolean {
  const { staticInstanceRef: logger } = Logger as unknown as { staticInstanceRef?: object };
  return Logger.isLevelEnabled('log') && logger?.constructor.name !== 'TestingLogger';
}
